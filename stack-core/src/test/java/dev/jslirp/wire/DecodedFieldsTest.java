package dev.jslirp.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Frames of other implementations are read as those who sent them meant.
class DecodedFieldsTest {
    @TestFactory
    Stream<DynamicTest> everyFieldIsReadAsItWasSent() {
        return FieldsFrame.all().stream().map(frame -> dynamicTest(frame.name(), () -> check(frame)));
    }

    @Test
    void everyCapturedFrameHasExpectations() {
        assertFalse(FieldsFrame.all().isEmpty());
        FieldsFrame.all().forEach(frame -> assertFalse(frame.expected().isEmpty(), frame.name()));
    }

    private static void check(FieldsFrame frame) {
        ByteBuf bytes = Unpooled.wrappedBuffer(frame.bytes());
        PacketView view = new PacketView();
        DropReason reason = Decoding.decode(bytes, 0, frame.bytes().length, Offload.NONE, view);
        assertEquals(frame.expected().getOrDefault("reason", "NONE"), reason.name());
        frame.expected().forEach((name, value) -> {
            if (!name.equals("reason")) {
                assertEquals(value, field(name, view, bytes), name);
            }
        });
    }

    private static String field(String name, PacketView view, ByteBuf bytes) {
        return switch (name) {
            case "dstMac" -> new MacAddress(view.dstMac).toString();
            case "srcMac" -> new MacAddress(view.srcMac).toString();
            case "etherType" -> String.format("0x%04x", view.etherType);
            case "arpOperation", "arpSenderMac", "arpSender", "arpTarget" -> arp(name, bytes);
            case "l3HeaderLength" -> "" + view.l3HeaderLength;
            case "l3Length" -> "" + view.l3Length;
            case "trafficClass" -> "" + view.trafficClass;
            case "identification" -> "" + view.identification;
            case "dontFragment" -> "" + view.dontFragment;
            case "moreFragments" -> "" + view.moreFragments;
            case "fragmentOffset" -> "" + view.fragmentOffset;
            case "ttl" -> "" + view.ttl;
            case "protocol" -> "" + view.protocol;
            case "src" -> new IpAddress(view.srcHi, view.srcLo).toString();
            case "dst" -> new IpAddress(view.dstHi, view.dstLo).toString();
            case "l4Length" -> "" + view.l4Length;
            default -> transport(name, view);
        };
    }

    private static String arp(String name, ByteBuf bytes) {
        int off = EthernetHeader.LENGTH;
        return switch (name) {
            case "arpOperation" -> "" + ArpHeader.operation(bytes, off);
            case "arpSenderMac" -> new MacAddress(ArpHeader.senderMac(bytes, off)).toString();
            case "arpSender" -> IpAddress.v4(ArpHeader.senderIp(bytes, off)).toString();
            default -> IpAddress.v4(ArpHeader.targetIp(bytes, off)).toString();
        };
    }

    private static String transport(String name, PacketView view) {
        return switch (name) {
            case "srcPort" -> "" + view.srcPort;
            case "dstPort" -> "" + view.dstPort;
            case "payloadLength" -> "" + view.payloadLength;
            case "icmpType" -> "" + view.icmpType;
            case "icmpCode" -> "" + view.icmpCode;
            case "icmpId" -> "" + view.icmpId;
            case "icmpSeq" -> "" + view.icmpSeq;
            case "seq" -> Integer.toUnsignedString(view.seq);
            case "ack" -> Integer.toUnsignedString(view.ack);
            case "flags" -> String.format("0x%02x", view.flags);
            case "window" -> "" + view.window;
            case "urgentPointer" -> "" + view.urgentPointer;
            case "mss" -> "" + view.options.mss;
            case "windowScale" -> "" + view.options.windowScale;
            case "sackPermitted" -> "" + view.options.sackPermitted;
            case "timestamps" -> "" + view.options.timestamps;
            case "tsVal" -> Integer.toUnsignedString(view.options.tsVal);
            case "tsEcr" -> Integer.toUnsignedString(view.options.tsEcr);
            case "sack" -> sack(view.options);
            default -> throw new AssertionError("a file names a field this test does not know: " + name);
        };
    }

    private static String sack(TcpOptions options) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < options.sackBlocks; i++) {
            text.append(i == 0 ? "" : " ").append(Integer.toUnsignedString(options.sack[2 * i])).append(':')
                    .append(Integer.toUnsignedString(options.sack[2 * i + 1]));
        }
        return text.isEmpty() ? "none" : text.toString();
    }
}
