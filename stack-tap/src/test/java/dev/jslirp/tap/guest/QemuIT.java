package dev.jslirp.tap.guest;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;

/// [QemuGuestTests] for each way to connect a virtual machine.
class QemuIT {
    /// The reference: whatever fails here is wrong with the tests.
    @Nested
    class User extends QemuGuestTests {
        User() {
            super(Netdev.USER);
        }
    }

    @Nested
    class StreamUnix extends QemuGuestTests {
        StreamUnix() {
            super(Netdev.STREAM_UNIX);
        }

        /// QEMU 7.2 does not reconnect a stream (8.0 has `reconnect=`), so the monitor replaces card and back end.
        @Test
        @Order(5)
        void aRestartedNetworkServesAReplacedCard() {
            assertServedAfterRestart(() -> guest.replug(0, network.monitorCommand()));
        }
    }

    @Nested
    class StreamTcp extends QemuGuestTests {
        StreamTcp() {
            super(Netdev.STREAM_TCP);
        }
    }

    @Nested
    class VhostUser extends QemuGuestTests {
        VhostUser() {
            super(Netdev.VHOST_USER);
        }

        /// QEMU connects again by itself.
        @Test
        @Order(5)
        void aRestartedNetworkServesTheSameCard() {
            assertServedAfterRestart(() -> {});
        }
    }

    @Nested
    class Datagram extends QemuGuestTests {
        Datagram() {
            super(Netdev.DGRAM);
        }

        /// Datagrams are sent to a path, so nothing needs to be connected again.
        @Test
        @Order(5)
        void aRestartedNetworkServesTheSameCard() {
            assertServedAfterRestart(() -> {});
        }
    }

    @Nested
    class Tap extends QemuGuestTests {
        Tap() {
            super(Netdev.TAP);
        }
    }

    @Nested
    class TapOffload extends QemuGuestTests {
        TapOffload() {
            super(Netdev.TAP_OFFLOAD);
        }

        /// The bridge stays, with the guest on it.
        @Test
        @Order(5)
        void aRestartedNetworkServesTheSameCard() {
            assertServedAfterRestart(() -> {});
        }
    }
}
