package dev.jslirp.testkit;

import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.link.LinkCapabilities;
import dev.jslirp.wire.IpAddress;
import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/// The `config` lines of a script. A key with a dot names a component of the configuration records,
/// as in `tcp.rtoMinNs=200ms`, `nat.hostLoopback=false`, `net.icmpErrorBurst=1`; the rest is listed in the package's documentation.
final class ScriptConfig {
    private GuestNetworkConfig network = GuestNetworkConfig.defaults();
    private int mtuBytes = 1500;
    private boolean offload;
    private int guestIss = 1_000;
    private InetSocketAddress remote = ScriptWords.endpoint("192.0.2.9:80", "remote");
    private long toleranceNs = 10_000_000L;
    private long seed = 1;
    private boolean arp = true;
    private final List<String> forwards = new ArrayList<>();
    private final List<InetSocketAddress> resolvers = new ArrayList<>();
    private final Map<String, List<IpAddress>> names = new HashMap<>();

    /// Applies the `key=value` pairs of one line.
    void apply(String line) {
        ScriptWords words = new ScriptWords(line);
        words.expect("config");
        while (words.hasNext()) {
            String[] pair = words.next("key=value").split("=", 2);
            if (pair.length != 2) {
                throw new IllegalArgumentException("config takes key=value, not '" + pair[0] + "'");
            }
            apply(pair[0], pair[1]);
        }
    }

    private void apply(String key, String value) {
        switch (key) {
            case "mtu" -> mtuBytes = ScriptWords.number(value, "mtu");
            case "offload" -> offload = onOff(value);
            case "arp" -> arp = onOff(value);
            case "guest_iss" -> guestIss = (int) (long) Long.decode(value);
            case "remote" -> remote = ScriptWords.endpoint(value, "remote");
            case "tolerance" -> toleranceNs = ScriptWords.durationNs(value, "tolerance");
            case "seed" -> seed = Long.parseLong(value);
            case "window" -> set("tcp.receiveWindowMax", value);
            case "forward" -> forwards.add(value);
            case "resolver" -> resolvers.add(ScriptWords.endpoint(value, "resolver"));
            case "name" -> {
                String[] parts = value.split("@");
                names.put(parts[0], List.of(IpAddress.parse(parts[1])));
            }
            default -> set(key, value);
        }
    }

    private static boolean onOff(String value) {
        return switch (value) {
            case "on" -> true;
            case "off" -> false;
            default -> throw new IllegalArgumentException("'on' or 'off' expected, not '" + value + "'");
        };
    }

    private void set(String key, String value) {
        String[] path = key.split("\\.");
        if (path.length != 2) {
            throw new IllegalArgumentException("no such config key: '" + key + "'");
        }
        network = (GuestNetworkConfig) with(network, path[0], part -> with((Record) part, path[1], old -> parse(old, value)));
    }

    private static Object parse(Object old, String value) {
        return switch (old) {
            case Integer _ -> ScriptWords.number(value, "a number");
            case Long _ -> ScriptWords.durationNs(value, "a duration");
            case Boolean _ -> onOff(value);
            case Enum<?> constant -> Enum.valueOf(constant.getDeclaringClass(), value);
            case null, default -> throw new IllegalArgumentException("cannot be set from a script");
        };
    }

    /// A copy of `record` with one component changed; what every record's missing `with` would do.
    private static Object with(Record record, String name, UnaryOperator<Object> change) {
        try {
            RecordComponent[] components = record.getClass().getRecordComponents();
            Class<?>[] types = new Class<?>[components.length];
            Object[] values = new Object[components.length];
            boolean found = false;
            for (int i = 0; i < components.length; i++) {
                types[i] = components[i].getType();
                Object value = components[i].getAccessor().invoke(record);
                boolean matches = components[i].getName().equals(name);
                found |= matches;
                values[i] = matches ? change.apply(value) : value;
            }
            if (!found) {
                throw new IllegalArgumentException(record.getClass().getSimpleName() + " has no component '" + name + "'");
            }
            Constructor<?> constructor = record.getClass().getDeclaredConstructor(types);
            return constructor.newInstance(values);
        } catch (ReflectiveOperationException e) {
            throw new IllegalArgumentException("cannot set " + name + ": " + e.getCause(), e);
        }
    }

    /// The network's configuration.
    GuestNetworkConfig network() {
        if (resolvers.isEmpty() && names.isEmpty()) {
            return network;
        }
        GuestNetworkConfig resolving = (GuestNetworkConfig) with(network, "dns",
                dns -> with((Record) dns, "upstreams", _ -> (Supplier<List<InetSocketAddress>>) () -> resolvers));
        return (GuestNetworkConfig) with(resolving, "dns", dns -> with((Record) dns, "staticNames", _ -> names));
    }

    LinkCapabilities capabilities() {
        return offload ? LinkCapabilities.offloading(mtuBytes, true) : LinkCapabilities.plain(mtuBytes);
    }

    int guestIss() {
        return guestIss;
    }

    InetSocketAddress remote() {
        return remote;
    }

    /// How much later than a line's time its frame may come.
    long toleranceNs() {
        return toleranceNs;
    }

    long seed() {
        return seed;
    }

    /// Whether the guest makes itself known by ARP before the script begins.
    boolean arp() {
        return arp;
    }

    /// `tcp:8080-80` and the like.
    List<String> forwards() {
        return forwards;
    }
}
