package dev.jslirp.testkit;

import dev.jslirp.host.HostError;
import dev.jslirp.wire.IpAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;

/// The `host:` lines of a script: what the host's peers do, and what they must have seen.
final class ScriptHost {
    private final NetworkFixture net;
    /// DNS queries seen by resolvers and not yet answered.
    private final ArrayDeque<SimHostDatagrams.Datagram> queries = new ArrayDeque<>();
    private final PacketScript script;
    private int datagramsSeen;
    private int echoesSeen;

    ScriptHost(PacketScript script, NetworkFixture net) {
        this.script = script;
        this.net = net;
    }

    void act(ScriptFlow flow, ScriptWords words) {
        String verb = words.next("what the host does");
        switch (verb) {
            case "connect" -> connect(flow, words);
            case "no" -> {
                words.expect("connect");
                require(net.host.streams().stream().noneMatch(SimHostStream::isConnecting), "the stack is connecting");
            }
            case "accept" -> accept(flow, words);
            case "bytes" -> {
                int count = words.number("a count");
                stream(flow).peerSend(ScriptFlow.pattern(flow.peerSent, count));
                flow.peerSent += count;
            }
            case "eof" -> stream(flow).peerEof();
            case "reset" -> stream(flow).peerReset();
            case "fails" -> stream(flow).peerFails(error(words.next("an error")));
            case "blocked" -> stream(flow).setRoom(0);
            case "unblocked" -> stream(flow).setRoom(Long.MAX_VALUE);
            case "room" -> stream(flow).setRoom(words.number("bytes"));
            case "expect" -> expect(flow, words);
            case "udp" -> udp(words);
            case "echo" -> echo(words);
            case "dns" -> dns(words);
            default -> throw new IllegalArgumentException("no such host action: '" + verb + "'");
        }
    }

    private void connect(ScriptFlow flow, ScriptWords words) {
        if (!words.peek().equals("->")) {
            InetSocketAddress remote = words.endpoint("where to");
            flow.stream = connecting(remote);
        } else {
            flow.stream = connecting(new InetSocketAddress(IpAddress.v4(flow.remoteIp).toInetAddress(), flow.remotePort));
        }
        flow.peerSent = 0;
        flow.peerReceived = 0;
        words.expect("->");
        String outcome = words.next("an outcome");
        long afterNs = words.accept("after") ? words.durationNs("delay") : 0;
        switch (outcome) {
            case "ok" -> net.host.decide(flow.stream, SimHostNetwork.ConnectOutcome.OK.after(afterNs));
            case "never" -> { }
            default -> net.host.decide(flow.stream, SimHostNetwork.ConnectOutcome.failing(error(outcome)).after(afterNs));
        }
    }

    private SimHostStream connecting(InetSocketAddress remote) {
        for (SimHostStream stream : net.host.streams()) {
            if (stream.isConnecting() && stream.remoteAddress().equals(remote)) {
                return stream;
            }
        }
        throw new AssertionError("the stack is not connecting to " + remote + " but to "
                + net.host.streams().stream().filter(SimHostStream::isConnecting).map(SimHostStream::remoteAddress).toList());
    }

    private static HostError error(String word) {
        return switch (word) {
            case "refused" -> HostError.REFUSED;
            case "unreachable" -> HostError.HOST_UNREACHABLE;
            case "net-unreachable" -> HostError.NETWORK_UNREACHABLE;
            case "prohibited" -> HostError.PROHIBITED;
            case "timed-out" -> HostError.TIMED_OUT;
            case "reset" -> HostError.RESET;
            case "no-resources" -> HostError.NO_RESOURCES;
            default -> throw new IllegalArgumentException("no such host error: '" + word + "'");
        };
    }

    /// A client of the host connects to a forwarded port; the flow's addresses are those of the SYN that follows.
    private void accept(ScriptFlow flow, ScriptWords words) {
        int port = words.number("a port");
        InetSocketAddress from = words.accept("from") ? words.endpoint("the client") : ScriptWords.endpoint("203.0.113.5:5555", "client");
        flow.stream = net.host.peerConnect(new InetSocketAddress(InetAddress.ofLiteral("192.168.7.7"), port), from);
        flow.awaitsSyn = true;
        flow.peerSent = 0;
        flow.peerReceived = 0;
    }

    private void expect(ScriptFlow flow, ScriptWords words) {
        String what = words.next("what the peer sees");
        SimHostStream stream = stream(flow);
        byte[] fresh = stream.takePeerReceived();
        byte[] wanted = ScriptFlow.pattern(flow.peerReceived, fresh.length);
        flow.peerReceived += fresh.length;
        require(Arrays.equals(fresh, wanted), "the peer received bytes that are not the guest's");
        int expectedBytes = what.equals("bytes") ? words.number("a count") : 0;
        require(fresh.length == expectedBytes, "the peer received " + fresh.length + " bytes");
        switch (what) {
            case "bytes" -> { }
            case "eof" -> require(stream.peerSawEof(), "the peer has not seen the end");
            case "reset" -> require(stream.peerSawReset(), "the peer has not seen a reset");
            case "nothing" -> require(!stream.peerSawEof() && !stream.peerSawReset(), "the peer has seen an end or a reset");
            case "closed" -> require(!stream.isOpen() && !stream.isConnecting(), "the stream is still open");
            case "open" -> require(stream.isOpen() && !stream.peerSawEof(), "the stream is not open");
            case "paused" -> require(stream.readsPaused(), "reads are not paused");
            default -> throw new IllegalArgumentException("no such expectation: '" + what + "'");
        }
    }

    private static SimHostStream stream(ScriptFlow flow) {
        if (flow.stream == null) {
            throw new IllegalArgumentException("flow " + flow.index
                    + " has no host stream yet: 'host: connect' or 'host: accept' names it");
        }
        return flow.stream;
    }

    // Datagrams.

    private void udp(ScriptWords words) {
        String verb = words.next("what happens");
        switch (verb) {
            case "expect" -> {
                InetSocketAddress peer = words.endpoint("destination");
                int length = words.parenthesized("length");
                SimHostDatagrams.Datagram datagram = nextDatagram();
                require(datagram.peer().equals(peer), "the datagram went to " + datagram.peer());
                require(Arrays.equals(datagram.bytes(), ScriptFlow.pattern(0, length)), "it has " + datagram.bytes().length
                        + " bytes, or other ones");
            }
            case "bytes" -> {
                InetSocketAddress peer = words.endpoint("source");
                socket().peerSend(peer, ScriptFlow.pattern(0, words.parenthesized("length")));
            }
            case "fails" -> {
                HostError error = error(words.next("an error"));
                socket().peerError(error, words.endpoint("destination"));
            }
            case "nothing" -> require(allSent().size() == datagramsSeen, "the host sent a datagram");
            case "closed" -> require(socket().isClosed(), "the socket is still open");
            default -> throw new IllegalArgumentException("no such datagram event: '" + verb + "'");
        }
    }

    private SimHostDatagrams socket() {
        require(!net.host.datagrams().isEmpty(), "the stack has opened no datagram socket");
        return net.host.datagrams().getLast();
    }

    private List<SimHostDatagrams.Datagram> allSent() {
        return net.host.datagrams().stream().flatMap(socket -> socket.sent().stream()).toList();
    }

    private SimHostDatagrams.Datagram nextDatagram() {
        var all = allSent();
        require(all.size() > datagramsSeen, "the host sent no datagram");
        return all.get(datagramsSeen++);
    }

    private void dns(ScriptWords words) {
        String verb = words.next("what happens");
        switch (verb) {
            case "expect" -> {
                InetSocketAddress resolver = words.endpoint("resolver");
                String name = words.next("name");
                SimHostDatagrams.Datagram datagram = nextDatagram();
                require(datagram.peer().equals(resolver), "the query went to " + datagram.peer());
                require(ScriptDns.parse(datagram.bytes()).name().equals(name), "the query is " + ScriptDns.parse(datagram.bytes()));
                queries.add(datagram);
            }
            case "answer" -> {
                require(!queries.isEmpty(), "no query was seen");
                SimHostDatagrams.Datagram query = queries.poll();
                SimHostDatagrams asker = net.host.datagrams().stream().filter(socket -> socket.sent().contains(query))
                        .findFirst().orElseThrow();
                asker.peerSend(query.peer(), ScriptDns.answer(query.bytes(), words.address("address")));
            }
            default -> throw new IllegalArgumentException("no such DNS event: '" + verb + "'");
        }
    }

    // Echo.

    private void echo(ScriptWords words) {
        String verb = words.next("what happens");
        if (verb.equals("forbidden")) {
            net.host.setEchoAllowed(false);
            return;
        }
        require(!net.host.echoes().isEmpty(), "the stack has opened no echo socket");
        SimHostEcho socket = net.host.echoes().getLast();
        switch (verb) {
            case "expect" -> {
                require(IpAddress.of(socket.remote()).v4Bits() == words.address("destination"), "the request went to " + socket.remote());
                require(socket.requests().size() > echoesSeen, "no request was sent");
                SimHostEcho.Request request = socket.requests().get(echoesSeen++);
                words.expect("seq");
                require(request.sequence() == words.number("sequence"), "it has sequence number " + request.sequence());
                require(Arrays.equals(request.data(), ScriptFlow.pattern(0, words.parenthesized("length"))), "its data are others");
                require(!words.accept("ttl") || request.ttl() == words.number("ttl"), "its TTL is " + request.ttl());
            }
            case "reply" -> {
                words.expect("seq");
                int sequence = words.number("sequence");
                byte[] data = ScriptFlow.pattern(0, words.parenthesized("length"));
                socket.peerReply(sequence, words.accept("ttl") ? words.number("ttl") : 64, data);
            }
            case "error" -> {
                words.expect("seq");
                int sequence = words.number("sequence");
                words.expect("type");
                int type = words.number("type");
                words.expect("code");
                int code = words.number("code");
                words.expect("from");
                socket.peerError(sequence, type, code, IpAddress.v4(words.address("offender")).toInetAddress());
            }
            default -> throw new IllegalArgumentException("no such echo event: '" + verb + "'");
        }
    }

    private void require(boolean condition, String otherwise) {
        if (!condition) {
            script.trace("(failed here)");
            throw new AssertionError(otherwise);
        }
    }
}
