package dev.jslirp.service;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The resolvers in the text of a `resolv.conf` file. Reads no file.
public final class ResolvConf {
    /// Resolvers beyond this many are ignored.
    public static final int NAMESERVERS_MAX = 8;

    private static final int DNS_PORT = 53;
    private static final Pattern NAMESERVER = Pattern.compile(
            "\\s*nameserver\\s+((?:\\d{1,3}\\.){3}\\d{1,3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(?:%[\\w.-]+)?)\\s*(?:[#;].*)?");

    private ResolvConf() {}

    /// The `nameserver` lines, in order and once each, port 53. Everything else is skipped: other keywords, comments, names
    /// in place of numbers, and addresses with a scope that this host does not have.
    public static List<InetSocketAddress> nameservers(String text) {
        List<InetSocketAddress> found = new ArrayList<>();
        for (String line : (Iterable<String>) text.lines()::iterator) {
            Matcher matcher = NAMESERVER.matcher(line);
            if (!matcher.matches() || found.size() == NAMESERVERS_MAX) {
                continue;
            }
            try {
                InetSocketAddress server = new InetSocketAddress(InetAddress.ofLiteral(matcher.group(1)), DNS_PORT);
                if (!found.contains(server)) {
                    found.add(server);
                }
            } catch (IllegalArgumentException e) {
                continue; // no numeric address after all, or an unknown scope
            }
        }
        return found;
    }
}
