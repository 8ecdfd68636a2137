package dev.jslirp.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.jslirp.GuestNetworkConfig;
import dev.jslirp.nat.NatConfig;
import dev.jslirp.testkit.SimHostDatagrams;
import dev.jslirp.testkit.SimHostNetwork.ConnectOutcome;
import dev.jslirp.testkit.SimHostStream;
import dev.jslirp.host.HostError;
import java.util.List;

/// Whole frames; most with checksums made right, from and to the right stations, since no fuzzer guesses those.
class FrameFuzzTest {
    /// Few flows, so that inputs reach the limits.
    private static final GuestNetworkConfig CONFIG = GuestNetworkConfig.defaults()
            .withNat(NatConfig.defaults().withFlows(12, 4, 4, 2));
    private static final int FRAME_LENGTH_MAX = 1_600;

    @FuzzTest(maxDuration = "0s")
    void frames(byte[] bytes) {
        FuzzInput input = new FuzzInput(bytes);
        FuzzNetwork.run(CONFIG, net -> {
            while (net.step(input)) {
                step(net, input);
            }
        });
    }

    private static void step(FuzzNetwork net, FuzzInput input) {
        int kind = input.u8();
        switch (kind % 8) {
            case 0 -> net.frame(input.bytes(input.u16() % FRAME_LENGTH_MAX));
            case 1 -> net.frame(Repair.withEthernetHeader(net, 0x0806, input.bytes(input.u8())));
            case 2, 3, 4 -> net.frame(Repair.withEthernetHeader(net, 0x0800, Repair.ipv4(net, input.bytes(input.u16() % FRAME_LENGTH_MAX))));
            case 5 -> net.advance(input.u8());
            case 6 -> stream(net, input);
            default -> datagramsOrConnects(net, input);
        }
    }

    private static void stream(FuzzNetwork net, FuzzInput input) {
        int action = input.u8();
        List<SimHostStream> open = net.fixture.host.streams().stream().filter(SimHostStream::isOpen).toList();
        if (open.isEmpty()) {
            return;
        }
        SimHostStream stream = open.get(input.u8() % open.size());
        switch (action % 5) {
            case 0 -> HostMoves.send(net, stream, input.u16());
            case 1 -> stream.peerEof();
            case 2 -> stream.peerReset();
            case 3 -> stream.setRoom(input.u16());
            default -> stream.setRoom(Long.MAX_VALUE);
        }
    }

    private static void datagramsOrConnects(FuzzNetwork net, FuzzInput input) {
        int action = input.u8();
        HostError[] errors = HostError.values();
        if (action % 3 == 0) {
            HostError error = errors[input.u8() % errors.length];
            net.fixture.host.whenConnecting(ConnectOutcome.failing(error).after(input.u16() * 1_000_000L));
            return;
        }
        if (action % 3 == 1) {
            net.fixture.host.whenConnecting(action < 128 ? ConnectOutcome.OK : ConnectOutcome.NEVER);
            return;
        }
        for (SimHostDatagrams socket : net.fixture.host.datagrams()) {
            if (!socket.isClosed() && !socket.sent().isEmpty()) {
                if (action >= 128) {
                    socket.peerError(errors[input.u8() % errors.length], socket.sent().getLast().peer());
                } else {
                    byte[] answer = input.bytes(input.u8());
                    net.sent(answer.length);
                    socket.peerSend(socket.sent().getLast().peer(), answer);
                }
                return;
            }
        }
    }
}
