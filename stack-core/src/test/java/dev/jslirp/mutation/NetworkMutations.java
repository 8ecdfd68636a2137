package dev.jslirp.mutation;

import java.util.List;

/// Bugs in `wire` and `net`.
final class NetworkMutations {
    private static final String FRAGMENTS = "net/FragmentedDatagram.java", REASSEMBLER = "net/Ipv4Reassembler.java",
            NEIGHBORS = "net/NeighborTable.java", ARP = "net/ArpResponder.java", OUTPUT = "net/FrameOutput.java",
            INPUT = "net/Ipv4Input.java";
    private static final String SCRIPTS = "testkit.PacketScriptTest", FRAMES = "hostile.FramesTest",
            INPUTS = "net.Ipv4InputTest", REASSEMBLY = "net.Ipv4ReassemblerTest",
            NEIGHBOR_TABLE = "net.NeighborTableTest", OUTPUTS = "net.FrameOutputTest";

    static final List<Mutation> ALL = List.of(
            Mutation.of("skipsTheIpChecksum", "RFC 791 §3.1: a wrong header checksum discards the packet", "wire/Ipv4Header.java",
                    "if (!headerSumIsValid(frame, off, headerLength, word0, word1, word2)) {", "if (headerLength == 0) {", INPUTS),
            Mutation.of("skipsTheTcpChecksum", "RFC 9293 §3.1: MUST be checked", "wire/TcpHeader.java",
                    "!Checksum.transportIsValid(frame, view)", "length < 0", SCRIPTS),
            Mutation.of("skipsTheUdpChecksum", "RFC 1122 §4.1.3.4: a wrong checksum discards the datagram", "wire/UdpHeader.java",
                    "!Checksum.transportIsValid(frame, view)", "view.l4Length < 0", "net.UdpInputTest"),
            Mutation.of("forgetsToSwapOddParts", "RFC 1071 §2(B): a part at an odd position counts swapped", "wire/Checksum.java",
                    "sum += (position & 1) == 0 ? part : swap(fold(part));", "sum += part;", "wire.PayloadChecksumTest"),
            Mutation.of("sumsFourBytesTooFew", "RFC 1071: every word counts", "wire/Checksum.java",
                    "for (; at < end; at += STRIDE) {", "for (; at < end - STRIDE; at += STRIDE) {", "wire.ChecksumOfBuffersTest"),
            Mutation.of("honoursSourceRoutes", "RFC 7126 §4.3, §4.4: source routes are not honoured", "wire/Ipv4Header.java",
                    "type == LOOSE_SOURCE_ROUTE || type == STRICT_SOURCE_ROUTE || ", "", INPUTS),
            Mutation.of("trustsTheTotalLength", "RFC 791 §3.1: a packet that claims more than is there", "wire/Ipv4Header.java",
                    " || totalLength > available", "", FRAMES),
            Mutation.of("forwardsExpiredPackets", "RFC 1812 §5.3.1: TTL 1 goes no further", INPUT,
                    "view.ttl <= 1", "view.ttl < 0", INPUTS),
            Mutation.of("takesAnythingWithoutASource", "RFC 1122 §3.2.1.3 (a): 0.0.0.0 is a source of booting hosts only", INPUT,
                    " && view.protocol == Ipv4Header.UDP\n", "\n", INPUTS),
            Mutation.of("takesForeignSources", "a guest speaks for addresses of its network only", INPUT,
                    "return booting ? DropReason.NONE : DropReason.IPV4_SOURCE;", "return DropReason.NONE;", INPUTS),

            Mutation.of("laterFragmentsOverlap", "RFC 5722 §4: overlap refuses the datagram", FRAGMENTS,
                    "fragments.get(index).offset >= end) {", "fragments.get(index).offset > view.fragmentOffset) {", REASSEMBLY),
            Mutation.of("overlapIsIgnored", "RFC 5722 §4: overlap refuses the datagram", FRAGMENTS,
                    "return same ? DUPLICATE : CONFLICT;", "return DUPLICATE;", REASSEMBLY),
            Mutation.of("fragmentsMayEndTwice", "one datagram has one end", FRAGMENTS,
                    "return length == -1 ? end >= highest : end == length;", "return end >= highest;", REASSEMBLY),
            Mutation.of("mixesProtocols", "RFC 791 §3.2: fragments belong together by protocol too", FRAGMENTS,
                    " && protocol == view.protocol", "", REASSEMBLY),
            Mutation.of("trustsTheSumOfFragments", "what a link vouches for is a frame, not the datagram it is part of", INPUT,
                    "            view.offload = Offload.NONE;\n", "", REASSEMBLY),
            Mutation.of("fragmentsHoldAnyMemory", "memory a guest can pin is bounded", REASSEMBLER,
                    " || !makeRoom(datagram, view.l3Length)", "", REASSEMBLY),
            Mutation.of("leaksRefusedFragments", "every buffer is released: fragments of a refused datagram", REASSEMBLER,
                    "        heldBytes -= datagram.heldBytes();\n        datagram.release();\n    }\n\n    private void evictOldest",
                    "        heldBytes -= datagram.heldBytes();\n    }\n\n    private void evictOldest", REASSEMBLY),
            Mutation.of("leaksTheWholePacket", "every buffer is released: the reassembled packet", INPUT,
                    "            whole.release();\n", "", REASSEMBLY),
            Mutation.of("fragmentsNeverExpire", "RFC 1122 §3.3.2: reassembly has a time-out", REASSEMBLER,
                    "oldest != null && oldest.expiresNs - nowNs <= 0", "oldest != null && nowNs < 0", REASSEMBLY),

            Mutation.of("leaksHeldFrames", "every buffer is released: frames for a neighbour that never answered", NEIGHBORS,
                    "            held.release();\n", "", NEIGHBOR_TABLE),
            Mutation.of("holdsFramesWithoutLimit", "memory held for silent neighbours is bounded", NEIGHBORS,
                    "pending == config.neighborPendingMax() || frame.length()", "frame.length()", NEIGHBOR_TABLE),
            Mutation.of("learnsForAnotherStation", "ARP: a station speaks for its own hardware address", ARP,
                    "if (mac != view.srcMac) {", "if (mac == 0) {", "net.ArpResponderTest"),
            Mutation.of("learnsTheGatewayFromGuests", "ARP: no guest has the gateway's address", ARP,
                    "if (!plan.isGuest(0, senderLo)) {", "if (senderLo == 0) {", "net.ArpResponderTest"),
            Mutation.of("neverGivesNeighboursUp", "RFC 1122 §2.3.2.1: stale entries are flushed", NEIGHBORS,
                    "if (entry.requests == REQUESTS_MAX) {", "if (entry.requests < 0) {", NEIGHBOR_TABLE),

            Mutation.of("answersIcmpErrorsByErrors", "RFC 1122 §3.2.2: no error about an error", OUTPUT,
                    "&& !isIcmpError(frame.getUnsignedByte(view.l4Offset))", "", OUTPUTS),
            Mutation.of("sendsErrorsWithoutLimit", "RFC 1812 §4.3.2.8: ICMP errors are rate-limited", OUTPUT,
                    "if (icmpErrors.take(nowNs)) {", "if (icmpErrors.take(nowNs) || nowNs != 0) {", OUTPUTS),
            Mutation.of("sendsUdpChecksumZero", "RFC 768: a computed 0 is sent as all ones", OUTPUT,
                    "checksum == 0 ? 0xffff : checksum", "checksum", OUTPUTS));

    private NetworkMutations() {}
}
