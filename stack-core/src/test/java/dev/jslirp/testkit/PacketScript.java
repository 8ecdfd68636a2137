package dev.jslirp.testkit;

import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.nat.PortForward;
import dev.jslirp.stats.Counter;
import dev.jslirp.stats.Counters;
import dev.jslirp.tcp.TcpState;
import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.IpAddress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Runs one script against a whole network in virtual time. The language is described in this package's documentation.
public final class PacketScript {
    private static final long ANY_TIME_NS = 3_600_000_000_000L;
    private static final int FIRST_GUEST_PORT = 40_000;

    private final String name;
    private final ScriptConfig config = new ScriptConfig();
    private final List<ScriptLine> lines = new ArrayList<>();
    private final List<String> trace = new ArrayList<>();
    private final List<ScriptFlow> flows = new ArrayList<>();
    private NetworkFixture net;
    private ScriptHost host;
    private ScriptPackets packets;
    private Counters before;
    private long startNs;
    /// Time of the event above, which relative times count from.
    private long eventNs;

    /// A script of this name and text.
    ///
    /// @throws AssertionError if a line cannot be parsed
    public PacketScript(String name, String text) {
        this.name = name;
        int number = 0;
        for (String raw : text.split("\n", -1)) {
            number++;
            String line = raw.replaceFirst("(^|\\s)//.*", "").strip();
            if (line.isEmpty()) {
                continue;
            }
            try {
                if (line.startsWith("config ")) {
                    config.apply(line);
                } else {
                    lines.add(ScriptLine.parse(number, line));
                }
            } catch (IllegalArgumentException e) {
                throw new AssertionError(name + ":" + number + ": " + line + "\n    " + e.getMessage(), e);
            }
        }
    }

    /// Runs the script in `file`.
    public static void run(Path file) throws IOException {
        new PacketScript(file.getFileName().toString(), Files.readString(file)).run();
    }

    /// Runs the script on a fresh network.
    ///
    /// @throws AssertionError naming the line, what was expected, what came, and the trace so far
    public void run() {
        net = new NetworkFixture(config.network(), config.capabilities(), config.seed());
        ScriptLine current = null;
        try {
            begin();
            for (int i = 0; i < lines.size(); i++) {
                current = lines.get(i);
                int last = i;
                while (last + 1 < lines.size() && lines.get(last + 1).sameBatch()) {
                    last++;
                }
                execute(lines.subList(i, last + 1));
                i = last;
            }
            current = null;
            requireNothingUnexpected();
            net.close();
        } catch (AssertionError | RuntimeException e) {
            AssertionError failure = new AssertionError(describe(current, e), e);
            try {
                net.abandon();
            } catch (AssertionError | RuntimeException closing) {
                failure.addSuppressed(closing);
            }
            throw failure;
        }
    }

    private void begin() {
        IpAddress gateway = config.network().addresses().gateway();
        if (config.arp()) {
            net.guest.askFor(gateway);
            net.reactor.settle();
            net.guest.takeAll();
        }
        config.forwards().forEach(this::forward);
        net.host.whenConnecting(SimHostNetwork.ConnectOutcome.NEVER);
        host = new ScriptHost(this, net);
        packets = new ScriptPackets(net);
        startNs = net.reactor.nowNs();
        eventNs = startNs;
        before = snapshot();
        net.guest.onReceive(this::traceReceived);
    }

    private void forward(String rule) {
        String[] parts = rule.split("[:-]");
        GuestNetworkConfig network = config.network();
        PortForward forward = new PortForward(PortForward.Protocol.valueOf(parts[0].toUpperCase(Locale.ROOT)),
                InetAddress.ofLiteral("0.0.0.0"), Integer.parseInt(parts[1]), network.addresses().firstLease(), Integer.parseInt(parts[2]));
        try {
            net.network.forwards().add(forward);
        } catch (IOException e) {
            throw new AssertionError("forward " + rule, e);
        }
    }

    private Counters snapshot() {
        Counters copy = new Counters();
        for (Counter counter : Counter.values()) {
            copy.add(counter, net.network.counters().get(counter));
        }
        for (DropReason reason : DropReason.values()) {
            for (long i = net.network.counters().get(reason); i > 0; i--) {
                copy.drop(reason);
            }
        }
        return copy;
    }

    /// Runs one line, or several of one batch.
    private void execute(List<ScriptLine> batch) {
        ScriptLine first = batch.getFirst();
        long base = first.relative() ? eventNs : startNs;
        long fromNs = base + first.fromNs();
        if (first.action().startsWith(">")) {
            expectFrame(first, fromNs, first.anyTime() ? base + ANY_TIME_NS : base + first.toNs() + config.toleranceNs());
            return;
        }
        net.reactor.advanceTo(fromNs);
        eventNs = fromNs;
        net.reactor.round(() -> batch.forEach(line -> act(line.action())));
        net.reactor.settle();
    }

    private void act(String action) {
        trace(action);
        ScriptWords words = new ScriptWords(action);
        String verb = words.next("an action");
        switch (verb) {
            case "<" -> sendFrame(words);
            case "host:" -> {
                ScriptFlow flow = flow(words);
                host.act(flow, words);
            }
            case "count" -> count(words);
            case "state" -> {
                ScriptFlow flow = flow(words);
                TcpState expected = TcpState.valueOf(words.next("a state"));
                TcpState actual = net.tcpState(flow.guestPort, flow.remoteIp, flow.remotePort);
                require(actual == expected, "state is " + actual);
            }
            case "iss" -> flow(words).guestIss += words.number("an offset");
            case "guest" -> {
                words.expect("answers");
                words.expect("arp");
                net.guest.setAnswersArp(words.next("on or off").equals("on"));
            }
            case "silence" -> requireNothingUnexpected();
            case "flow" -> defineFlow(words);
            default -> throw new IllegalArgumentException("no such action: '" + verb + "'");
        }
        words.end();
    }

    private void sendFrame(ScriptWords words) {
        ScriptFlow flow = flow(words);
        if (ScriptTcp.isFlags(words.peek())) {
            net.guest.send(flow.remoteIp, ScriptTcp.build(flow, words));
        } else {
            packets.send(words);
        }
    }

    private void count(ScriptWords words) {
        String counter = words.next("a counter");
        int expected = words.number("a count");
        Counters now = net.network.counters();
        long actual;
        try {
            Counter known = Counter.valueOf(counter);
            actual = now.get(known) - before.get(known);
        } catch (IllegalArgumentException _) {
            DropReason reason = DropReason.valueOf(counter);
            actual = now.get(reason) - before.get(reason);
        }
        require(actual == expected, counter + " is " + actual);
    }

    private void defineFlow(ScriptWords words) {
        ScriptFlow flow = flow(words.number("index"));
        InetSocketAddress remote = words.endpoint("remote");
        flow.remoteIp = IpAddress.of(remote.getAddress()).v4Bits();
        flow.remotePort = remote.getPort();
        if (words.accept("guest")) {
            flow.guestPort = words.number("guest port");
        }
    }

    /// The flow that `[n]` names, else the first.
    private ScriptFlow flow(ScriptWords words) {
        String word = words.peek();
        if (!word.matches("\\[\\d+]")) {
            return flow(1);
        }
        words.accept(word);
        return flow(Integer.parseInt(word.substring(1, word.length() - 1)));
    }

    ScriptFlow flow(int index) {
        while (flows.size() < index) {
            int number = flows.size() + 1;
            flows.add(new ScriptFlow(number, FIRST_GUEST_PORT + number, IpAddress.of(config.remote().getAddress()).v4Bits(),
                    config.remote().getPort(), config.guestIss()));
        }
        return flows.get(index - 1);
    }

    private void expectFrame(ScriptLine line, long fromNs, long toNs) {
        while (net.guest.inbox().isEmpty()) {
            long nextNs = net.reactor.nextEventNs();
            if (nextNs == Long.MAX_VALUE || nextNs - toNs > 0) {
                break;
            }
            net.reactor.advanceTo(nextNs);
        }
        SimGuest.Received received = net.guest.poll();
        if (received == null) {
            net.reactor.advanceTo(line.anyTime() ? net.reactor.nowNs() : toNs);
            throw new AssertionError("no frame came by " + seconds(toNs));
        }
        ScriptWords words = new ScriptWords(line.action());
        words.expect(">");
        ScriptFlow flow = flow(words);
        List<String> wrong = new ArrayList<>();
        if (ScriptTcp.isFlags(words.peek())) {
            matchTcp(flow, words, received, wrong);
        } else {
            wrong.addAll(packets.mismatches(words, received));
        }
        if (received.atNs() - fromNs < 0) {
            wrong.add("it came too early");
        } else if (received.atNs() - toNs > 0) {
            wrong.add("it came too late");
        }
        require(wrong.isEmpty(), String.join(", ", wrong) + "\n    actual: " + seconds(received.atNs()) + " > " + format(received));
        eventNs = received.atNs();
    }

    private void matchTcp(ScriptFlow flow, ScriptWords words, SimGuest.Received received, List<String> wrong) {
        TcpSegment segment = received.tcp();
        if (segment == null) {
            wrong.add("not TCP");
            return;
        }
        if (!flow.matches(received.ipv4(), segment)) {
            wrong.add("another flow: port " + segment.srcPort() + " to guest port " + segment.dstPort());
            return;
        }
        ScriptTcp.learn(flow, segment);
        wrong.addAll(ScriptTcp.mismatches(flow, words, received));
    }

    private void requireNothingUnexpected() {
        SimGuest.Received received = net.guest.poll();
        if (received != null) {
            throw new AssertionError("nothing is expected, but there is\n    actual: " + seconds(received.atNs()) + " > "
                    + format(received));
        }
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new AssertionError(otherwise);
        }
    }

    private void traceReceived(SimGuest.Received received) {
        trace("> " + format(received));
    }

    void trace(String event) {
        trace.add(seconds(net.reactor.nowNs()) + " " + event);
    }

    private String format(SimGuest.Received received) {
        TcpSegment segment = received.tcp();
        if (segment == null) {
            return packets.format(received);
        }
        Ipv4Packet packet = received.ipv4();
        for (ScriptFlow flow : flows) {
            if (flow.matches(packet, segment)) {
                if (segment.has(TcpSegment.SYN)) {
                    ScriptTcp.learn(flow, segment);
                }
                return ScriptTcp.format(flow, segment, true) + (received.gsoSize() == 0 ? "" : " gso " + received.gsoSize());
            }
        }
        return "tcp " + IpAddress.v4(packet.src()) + ":" + segment.srcPort() + " > :" + segment.dstPort() + " "
                + ScriptTcp.format(new ScriptFlow(1, 0, 0, 0, 0), segment, true);
    }

    private String seconds(long atNs) {
        return String.format(Locale.ROOT, "%9.6f", (atNs - startNs) / 1e9);
    }

    private String describe(ScriptLine line, Throwable cause) {
        StringBuilder text = new StringBuilder(name);
        text.append(line == null ? ": at its end" : ":" + line.number() + ": " + line.text());
        String kind = cause instanceof AssertionError ? "" : cause.getClass().getSimpleName() + ": ";
        text.append("\n    ").append(kind).append(cause.getMessage());
        text.append("\n  trace:");
        trace.forEach(event -> text.append("\n    ").append(event));
        return text.toString();
    }
}
