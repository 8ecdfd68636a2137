package dev.jslirp.tap.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.tap.guest.Guest.Caller;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/// `--loops 2`: everything that one loop does, and what only several loops can do wrong: flows whose frames come to another queue than
/// before, and frames that come to a loop that is not theirs.
class LoopsIT extends LinuxGuestTests {
    private static final int FLOWS = 16;

    LoopsIT() {
        super(Caller.ROOT, "--loops", "2");
    }

    private String program(Class<?> main, String arguments) {
        return installation.java() + " -cp " + installation.testClasses() + " " + main.getName() + " " + arguments;
    }

    @Test
    void sixteenFlowsEachWayArriveIntactAndAreSpreadOverBothLoops() throws IOException {
        long length = 20 * MB;
        Path file = installation.scratch().resolve("loops-upload");
        try (Guest guest = guest()) {
            guest.exec(60, "curl", "-sS", "-o", file.toString(), url(length, 9)).ok();
            String script = "for i in $(seq " + FLOWS + "); do curl -sS " + url(length, 8) + " | sha256sum & curl -sS -T " + file + " "
                    + sumUrl() + "; echo; done; wait";
            String[] sums = guest.sh(240, script).ok().out().split("\n");
            assertEquals(FLOWS, count(sums, ByteServer.sum(length, 8) + "  -"));
            assertEquals(FLOWS, count(sums, ByteServer.sum(length, 9)));
            Guest.Stats stats = stopAndAudit(guest);
            assertTrue(stats.get("loop 0 TCP_FLOWS_OPENED") > 0, stats::text);
            assertTrue(stats.get("loop 1 TCP_FLOWS_OPENED") > 0, stats::text);
            assertEquals(2 * FLOWS + 1, stats.get("TCP_FLOWS_OPENED"), stats::text);
            assertEquals(0, stats.get("TCP_RETRANSMITS"), stats::text);
        } finally {
            Files.deleteIfExists(file);
        }
    }

    @Test
    void anOrdinaryUserHasFourLoops() {
        try (Guest guest = new Guest(installation, Caller.USER, "--loops", "4")) {
            String script = "for i in $(seq 48); do curl -sS " + url(2 * MB, 7) + " | sha256sum & done; wait";
            assertEquals((ByteServer.sum(2 * MB, 7) + "  -\n").repeat(48), guest.sh(120, script).ok().out());
            Guest.Stats stats = stopAndAudit(guest);
            for (int i = 0; i < 4; i++) {
                assertTrue(stats.get("loop " + i + " TCP_FLOWS_OPENED") > 0, stats::text);
            }
        }
    }

    private static long count(String[] lines, String wanted) {
        return Arrays.stream(lines).filter(wanted::equals).count();
    }

    @Test
    void iperfMovesSixteenParallelStreams() {
        outside.serve(5202, "tcp", installation.scratch().resolve("iperf3-loops.log"), "iperf3", "-s", "-p", "5202");
        try (Guest guest = guest()) {
            iperf(guest, "-p", "5202", "-t", "3", "-P", "16");
            iperf(guest, "-p", "5202", "-t", "3", "-P", "16", "-R");
            Guest.Stats stats = stopAndAudit(guest);
            assertTrue(stats.get("loop 0 FRAMES_TO_GUEST") > 1_000 && stats.get("loop 1 FRAMES_TO_GUEST") > 1_000, stats::text);
        }
    }

    @Test
    void connectionsGoOnAfterTheKernelHasForgottenTheirQueue() throws Exception {
        try (Guest guest = guest(); IdleServer host = new IdleServer()) {
            String out = guest.sh(60, program(Idle.class, "client " + GATEWAY + " " + host.port() + " " + FLOWS)).ok().out();
            assertEquals(FLOWS + " went on\n", out);
            Guest.Stats stats = stopAndAudit(guest);
            assertEquals(0, stats.get("TCP_NO_FLOW"), stats::text);
            assertTrue(stats.get("loop 1 TCP_FLOWS_OPENED") > 0, stats::text);
        }
    }

    @Test
    void forwardedConnectionsGoOnAfterTheKernelHasForgottenTheirQueue() throws Exception {
        int port = Ports.free();
        try (Guest guest = guest("-p", "tcp:127.0.0.1:" + port + "-:8080")) {
            Process server = guest.start("sh", "-c", "exec " + program(Idle.class, "server 8080"));
            try {
                assertEquals("listening", server.inputReader().readLine());
                assertEquals(FLOWS, Idle.goOn("127.0.0.1", port, FLOWS));
            } finally {
                server.destroy();
                server.waitFor();
            }
            Guest.Stats stats = stopAndAudit(guest);
            assertEquals(0, stats.get("TCP_NO_FLOW"), stats::text);
            assertEquals(FLOWS, stats.get("loop 0 TCP_FLOWS_OPENED"), stats::text);
            assertTrue(stats.get("FRAMES_HANDED_OVER") > 0, stats::text);
        }
    }

    @Test
    void refusalsNamesAndPingsWorkFromEitherQueue() throws IOException {
        try (Guest guest = guest("--name", "db.example=192.0.2.9")) {
            int closed = Ports.free();
            String script = "for i in $(seq 8); do"
                    + " curl -s http://" + GATEWAY + ":" + closed + "/; echo refused $?;"
                    + " curl -s http://10.0.2.77/; echo unreachable $?;"
                    + " dig +short @" + DNS + " db.example; dig +short +tcp @" + DNS + " db.example;"
                    + " ping -n -q -c 1 " + GATEWAY + " | grep -o '1 received'; done";
            String out = guest.sh(120, script).ok().out();
            assertEquals("refused 7\nunreachable 7\n192.0.2.9\n192.0.2.9\n1 received\n".repeat(8), out);
            Guest.Stats stats = stopAndAudit(guest);
            assertTrue(stats.get("FRAMES_HANDED_OVER") > 0, stats::text);
            assertEquals(0, stats.get("HAND_OVER_FULL"), stats::text);
        }
    }

    /// The server of [Idle] on the host.
    private static final class IdleServer extends Sockets.Server {
        IdleServer() throws IOException {}

        @Override
        void serve(Socket accepted) throws IOException {
            Idle.serve(accepted);
        }
    }
}
