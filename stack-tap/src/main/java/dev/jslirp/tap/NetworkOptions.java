package dev.jslirp.tap;

import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.link.FaultConfig;
import dev.jslirp.nat.Hole;
import dev.jslirp.nat.PortForward;
import dev.jslirp.nat.Reach;
import dev.jslirp.net.AddressPlan;
import dev.jslirp.service.DhcpConfig;
import dev.jslirp.service.DnsConfig;
import dev.jslirp.tap.linux.Processes;
import dev.jslirp.tap.linux.TapException;
import dev.jslirp.tap.host.LinuxHostNetwork;
import dev.jslirp.wire.IpAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/// The options all commands share, and what they mean as configuration.
final class NetworkOptions {
    private static final int DNS_PORT = 53;
    private static final int BUSY_POLL_DEFAULT_US = 50;
    private static final int BUSY_POLL_MIN_US = 10;
    private static final int BUSY_POLL_MAX_US = 1_000;

    /// Who is who inside.
    static final class Addresses {
        @Option(names = "--cidr", paramLabel = "NET/LEN", defaultValue = "10.0.2.0/24",
                description = "Network of the guest, IPv4 (default: ${DEFAULT-VALUE}).")
        String cidr;
        @Option(names = "--gateway", paramLabel = "IP", description = "Gateway, also the host's loopback (default: host 2 of the network).")
        IpAddress gateway;
        @Option(names = "--dns-address", paramLabel = "IP", description = "Where the guest finds DNS (default: host 3).")
        IpAddress dnsAddress;
        @Option(names = "--guest-address", paramLabel = "IP", description = "The guest: static address, first DHCP lease (default: host 15).")
        IpAddress guestAddress;
        @Option(names = "--mtu", paramLabel = "BYTES", defaultValue = "65520", description = {
                "MTU inside, 576 to 65535 (default: ${DEFAULT-VALUE}).",
                "A large one is faster, and nothing beyond needs small packets: the wire ends here."})
        int mtu;
    }

    /// Names.
    static final class Names {
        @Option(names = "--dns", paramLabel = "IP[:PORT]",
                description = "Resolver to forward to; repeat for fail-over (default: those of the host's /etc/resolv.conf, followed as it changes).")
        List<String> resolvers = new ArrayList<>();
        @Option(names = {"--name", "--dns-name"}, paramLabel = "NAME=IP",
                description = "Name answered here, without a dot also below the domain; repeatable.")
        List<String> names = new ArrayList<>();
        @Option(names = "--domain", paramLabel = "DOMAIN", description = {
                "Domain of the guests' names, given to them by DHCP; \"\" for none.",
                "(default: " + DnsConfig.LOCAL_DOMAIN + ", not given by DHCP)"})
        String domain;
        @Option(names = "--search", paramLabel = "DOMAIN", description = "Search domain; repeatable.")
        List<String> search = new ArrayList<>();
        @Option(names = "--hostname", paramLabel = "NAME", description = "Host name given by DHCP.")
        String hostname;
    }

    /// What may pass.
    static final class Traffic {
        @Option(names = {"-p", "--hostfwd"}, paramLabel = "RULE", description = {
                "Make a port of the guest reachable on the host; repeatable:",
                "[tcp|udp]:[hostaddr]:hostport-[guestaddr]:guestport",
                "with ranges as from-to on both sides."})
        List<String> forwards = new ArrayList<>();
        @Option(names = "--outbound-addr", paramLabel = "IP", description = "Source address of connections to other hosts; once per family.")
        List<IpAddress> outbound = new ArrayList<>();
        @Option(names = "--no-host-loopback", description = "The gateway's address does not reach services on the host's loopback.")
        boolean noHostLoopback;
        @Option(names = "--allow-link-local", description = "Allow 169.254.0.0/16 (cloud metadata services).")
        boolean allowLinkLocal;
        @Option(names = "--isolated", description = "Nothing outside is reached: guests see each other, the gateway, and forwarded connections.")
        boolean isolated;
        @Option(names = "--allow", paramLabel = "HOLE", description = {
                "Nothing outside is reached but this; repeatable: [tcp:|udp:]NET/LEN[:PORTS],",
                "like 192.0.2.0/24:80,443. The gateway's address stands for the host's loopback."})
        List<String> holes = new ArrayList<>();
    }

    /// Reads `--fault`.
    static final class FaultConverter implements CommandLine.ITypeConverter<FaultConfig> {
        @Override
        public FaultConfig convert(String text) {
            try {
                return FaultConfig.parse(text);
            } catch (IllegalArgumentException e) {
                throw new CommandLine.TypeConversionException(e.getMessage());
            }
        }
    }

    /// Around it.
    static final class Operation {
        @Option(names = "--pcap", paramLabel = "FILE", description = "Write every frame to FILE, for tcpdump or Wireshark.")
        Path pcap;
        @Option(names = "--trace", description = "Print one line per frame to standard error.")
        boolean trace;
        @Option(names = "--fault", paramLabel = "SPEC", converter = FaultConverter.class,
                description = "Make the link bad, for tests: loss=1%%,reorder=1%%,duplicate=1%%,corrupt=0.1%%.")
        FaultConfig fault;
        @Option(names = "--busy-poll", paramLabel = "USECS", description = {
                "While events come one soon after the other, look for the next so long before sleeping, 10 to 1000, or 0:",
                "shorter latency for more processor time (default: 50; 0 on machines with one processor)."})
        Integer busyPollUs;
        @Option(names = "--stats", description = "Print every counter to standard error at the end.")
        boolean stats;
        @Option(names = "--ready-fd", paramLabel = "N", description = "Write \"1\" to this descriptor when the network is up.")
        Integer readyFd;
        @Option(names = "--exit-fd", paramLabel = "N", description = "End when the other end of this descriptor is closed.")
        Integer exitFd;
        @Option(names = "--log-level", paramLabel = "LEVEL", defaultValue = "warn",
                description = "error, warn, info, debug or trace (default: ${DEFAULT-VALUE}).")
        String logLevel;
        @Option(names = {"-v", "--verbose"}, description = "The same as --log-level debug.")
        boolean verbose;
        @Option(names = {"-q", "--quiet"}, description = "No summary at the start.")
        boolean quiet;
    }

    @ArgGroup(validate = false, heading = "%nAddresses:%n")
    Addresses addresses = new Addresses();
    @ArgGroup(validate = false, heading = "%nNames:%n")
    Names names = new Names();
    @ArgGroup(validate = false, heading = "%nTraffic:%n")
    Traffic traffic = new Traffic();
    @ArgGroup(validate = false, heading = "%nOperation:%n")
    Operation operation = new Operation();

    /// The addresses.
    ///
    /// @throws IllegalArgumentException saying which option is wrong
    AddressPlan plan() {
        String[] parts = addresses.cidr.split("/", -1);
        if (parts.length != 2 || !parts[1].matches("\\d{1,2}")) {
            throw new IllegalArgumentException("--cidr '" + addresses.cidr + "': expected a network like 10.0.2.0/24");
        }
        AddressPlan plan = AddressPlan.of(IpAddress.parse(parts[0]), Integer.parseInt(parts[1]));
        return new AddressPlan(plan.network(), plan.prefixLength(), orElse(addresses.gateway, plan.gateway()),
                orElse(addresses.dnsAddress, plan.dns()), orElse(addresses.guestAddress, plan.firstLease()), plan.gatewayMac());
    }

    /// Everything the stack is told.
    ///
    /// @throws IllegalArgumentException saying which option is wrong
    GuestNetworkConfig config() {
        if (addresses.mtu < 576 || addresses.mtu > 65_535) {
            throw new IllegalArgumentException("--mtu " + addresses.mtu + " is not within 576 to 65535");
        }
        GuestNetworkConfig defaults = GuestNetworkConfig.defaults();
        return defaults.withAddresses(plan()).withDhcp(dhcp(defaults.dhcp())).withDns(dns())
                .withNat(defaults.nat().withHostLoopback(!traffic.noHostLoopback).withLinkLocal(traffic.allowLinkLocal).withReach(reach()));
    }

    private Reach reach() {
        if (!traffic.isolated) {
            return traffic.holes.isEmpty() ? Reach.NAT : Reach.restrictedTo(traffic.holes.stream().map(NetworkOptions::hole).toList());
        }
        if (!traffic.holes.isEmpty()) {
            throw new IllegalArgumentException("--isolated and --allow exclude each other");
        }
        return Reach.ISOLATED;
    }

    private static Hole hole(String text) {
        try {
            return Hole.parse(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--allow " + e.getMessage());
        }
    }

    private DhcpConfig dhcp(DhcpConfig d) {
        String domain = hasDomain() ? names.domain : names.search.isEmpty() ? d.domain() : names.search.getFirst();
        return new DhcpConfig(d.enabled(), d.leaseSeconds(), d.leasesMax(), d.reservations(), names.hostname, domain,
                List.copyOf(names.search), d.nextServer(), d.bootFile(), d.extraOptions());
    }

    private DnsConfig dns() {
        DnsConfig dns = DnsConfig.forwardingTo(resolvers()).withStaticNames(staticNames());
        return names.domain == null ? dns : dns.withLocalDomain(hasDomain() ? names.domain : null);
    }

    private boolean hasDomain() {
        return names.domain != null && !names.domain.isEmpty();
    }

    private Supplier<List<InetSocketAddress>> resolvers() {
        if (names.resolvers.isEmpty()) {
            return new HostResolvers(Path.of("/etc/resolv.conf"));
        }
        List<InetSocketAddress> fixed = names.resolvers.stream().map(NetworkOptions::resolver).toList();
        return () -> fixed;
    }

    /// `IP`, `IP:PORT` or `[IPv6]:PORT`.
    static InetSocketAddress resolver(String text) {
        boolean bracketed = text.startsWith("[");
        int colon = text.lastIndexOf(':');
        boolean hasPort = bracketed ? text.indexOf(']') < colon : colon >= 0 && text.indexOf(':') == colon;
        String address = hasPort ? text.substring(0, colon) : text;
        if (bracketed) {
            address = address.replaceAll("^\\[|]$", "");
        }
        try {
            int port = hasPort ? Integer.parseInt(text.substring(colon + 1)) : DNS_PORT;
            return new InetSocketAddress(IpAddress.parse(address).toInetAddress(), port);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("--dns '" + text + "': expected an address like 192.0.2.1, 192.0.2.1:5353 or [2001:db8::1]:53");
        }
    }

    private Map<String, List<IpAddress>> staticNames() {
        Map<String, List<IpAddress>> map = new HashMap<>();
        for (String entry : names.names) {
            int equals = entry.indexOf('=');
            if (equals < 1) {
                throw new IllegalArgumentException("--name '" + entry + "': expected NAME=IP");
            }
            String name = entry.substring(0, equals).toLowerCase(Locale.ROOT).replaceAll("\\.$", "");
            map.computeIfAbsent(name, _ -> new ArrayList<>()).add(IpAddress.parse(entry.substring(equals + 1)));
        }
        return Map.copyOf(map);
    }

    /// The forward rules.
    List<PortForward> forwards() {
        IpAddress guest = plan().firstLease();
        return traffic.forwards.stream().flatMap(rule -> PortForward.parse(rule, guest).stream()).toList();
    }

    /// How host sockets are made.
    LinuxHostNetwork.Options host(boolean echo) {
        IpAddress four = null;
        IpAddress six = null;
        for (IpAddress address : traffic.outbound) {
            if (address.isV4()) {
                four = address;
            } else {
                six = address;
            }
        }
        return new LinuxHostNetwork.Options(four, six, 0, 0, echo);
    }

    /// How long a loop may look for events before it sleeps, nanoseconds. With one processor that would keep those from running who
    /// make the events.
    long busyPollNs() {
        int defaultUs = Runtime.getRuntime().availableProcessors() > 1 ? BUSY_POLL_DEFAULT_US : 0;
        return TimeUnit.MICROSECONDS.toNanos(operation.busyPollUs == null ? defaultUs : operation.busyPollUs);
    }

    private void checkBusyPoll() {
        Integer us = operation.busyPollUs;
        if (us != null && us != 0 && (us < BUSY_POLL_MIN_US || us > BUSY_POLL_MAX_US)) {
            throw new IllegalArgumentException("--busy-poll " + us + " is neither 0 nor within " + BUSY_POLL_MIN_US + " to " + BUSY_POLL_MAX_US);
        }
    }

    /// What /etc/resolv.conf says inside.
    String resolvConf() {
        List<String> domains = names.search.isEmpty() && hasDomain() ? List.of(names.domain) : names.search;
        String search = domains.isEmpty() ? "" : "search " + String.join(" ", domains) + "\n";
        return "# written by jslirp\n" + search + "nameserver " + plan().dns() + "\n";
    }

    /// Finds what is wrong before anything is created, and sets the log level.
    ///
    /// @throws IllegalArgumentException saying which option is wrong
    void check() throws UsageException {
        config();
        forwards();
        checkBusyPoll();
        requireOpen("--ready-fd", operation.readyFd);
        requireOpen("--exit-fd", operation.exitFd);
        Logging.level(operation.verbose ? "debug" : operation.logLevel);
    }

    private static void requireOpen(String option, Integer fd) throws UsageException {
        if (fd != null && !Processes.isOpen(fd)) {
            throw new UsageException(UsageException.USAGE, option + " " + fd + ": no such descriptor is open");
        }
    }

    /// Tells whoever waits at `--ready-fd`.
    void announceReady() throws TapException {
        if (operation.readyFd != null) {
            Processes.writeByte(operation.readyFd, '1');
        }
    }

    /// Calls `end`, on a thread of its own, once the other end of `--exit-fd` is closed.
    void onExit(Runnable end) {
        if (operation.exitFd != null) {
            int exitFd = operation.exitFd;
            Thread.ofPlatform().daemon().name("jslirp-exit").start(() -> {
                Processes.awaitInput(exitFd);
                end.run();
            });
        }
    }

    private static IpAddress orElse(IpAddress chosen, IpAddress otherwise) {
        return chosen == null ? otherwise : chosen;
    }
}
