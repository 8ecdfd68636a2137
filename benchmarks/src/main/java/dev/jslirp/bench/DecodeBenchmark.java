package dev.jslirp.bench;

import dev.jslirp.wire.DropReason;
import dev.jslirp.wire.EthernetHeader;
import dev.jslirp.wire.Ipv4Header;
import dev.jslirp.wire.PacketView;
import dev.jslirp.wire.TcpHeader;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.TearDown;

/// Ethernet, IPv4 and TCP with timestamps, checksum of the segment trusted: what every frame of an established flow pays.
public class DecodeBenchmark extends BenchmarkBase {
    private final PacketView view = new PacketView();
    private GuestFrame frame;

    @Setup
    public void setUp() {
        frame = GuestFrame.tcp(80, TcpHeader.ACK, false, 1_448).with(40_000, 1, 1);
        if (headers() != DropReason.NONE) {
            throw new IllegalStateException("the frame is not valid");
        }
    }

    @TearDown
    public void tearDown() {
        frame.bytes.release();
    }

    @Benchmark
    public DropReason headers() {
        int length = frame.bytes.readableBytes();
        DropReason reason = EthernetHeader.decode(frame.bytes, 0, length, view);
        view.offload = LinkKind.TRUSTED;
        if (reason == DropReason.NONE) {
            reason = Ipv4Header.decode(frame.bytes, EthernetHeader.LENGTH, length - EthernetHeader.LENGTH, view);
        }
        return reason == DropReason.NONE ? TcpHeader.decode(frame.bytes, view) : reason;
    }
}
