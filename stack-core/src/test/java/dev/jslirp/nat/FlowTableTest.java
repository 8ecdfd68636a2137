package dev.jslirp.nat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.stats.Counters;
import dev.jslirp.time.TimerWheel;
import dev.jslirp.wire.IpAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class FlowTableTest {
    private static final long GUEST = IpAddress.v4Lo(0x0a00_020f);
    private static final long FAR = IpAddress.v4Lo(0x0102_0304);

    private final FlowTable table = new FlowTable(new SplittableRandom(7));
    private final NatShared nat = new NatShared(NatConfig.defaults(), null, null, null, null, null, new TimerWheel(16, 0), table, null,
            new Counters());

    @Test
    void behavesAsAMapUnderRandomOperations() {
        SplittableRandom random = new SplittableRandom(42);
        Map<Integer, Flow> model = new HashMap<>();
        for (int i = 0; i < 200_000; i++) {
            // Few keys, so that adding, finding and removing meet; phases of growth and of decline.
            int ports = random.nextInt(4_000);
            boolean adding = random.nextInt(10) < (i / 20_000 % 2 == 0 ? 7 : 3);
            Flow known = model.get(ports);
            assertSame(known, find(ports));
            if (adding && known == null) {
                Flow flow = new TestFlow(nat, ports);
                table.add(flow);
                model.put(ports, flow);
            } else if (!adding && known != null) {
                known.remove();
                model.remove(ports);
                assertNull(find(ports));
            }
            assertEquals(model.size(), table.size());
        }
        model.forEach((ports, flow) -> assertSame(flow, find(ports)));
        assertEquals(new HashSet<>(model.values()), new HashSet<>(table.snapshot()));
    }

    @Test
    void growsToAHundredThousandFlowsAndEmptiesAgain() {
        List<Flow> flows = new ArrayList<>();
        for (int i = 0; i < 100_000; i++) {
            flows.add(new TestFlow(nat, i));
            table.add(flows.getLast());
        }
        for (int i = 0; i < 100_000; i++) {
            assertSame(flows.get(i), find(i));
        }
        flows.forEach(Flow::remove);
        assertEquals(0, table.size());
        assertEquals(List.of(), table.snapshot());
    }

    @Test
    void everyPartOfTheKeyCounts() {
        table.add(new TestFlow(nat, 5));

        assertNull(table.find(1, GUEST, 0, FAR, 5, 6));
        assertNull(table.find(0, GUEST + 1, 0, FAR, 5, 6));
        assertNull(table.find(0, GUEST, 1, FAR, 5, 6));
        assertNull(table.find(0, GUEST, 0, FAR + 1, 5, 6));
        assertNull(table.find(0, GUEST, 0, FAR, 6, 6));
        assertNull(table.find(0, GUEST, 0, FAR, 5, 17));
    }

    @Test
    void aRemovedFlowIsNotFoundThroughTheLastHit() {
        Flow flow = new TestFlow(nat, 5);
        table.add(flow);
        assertSame(flow, find(5));

        flow.remove();

        assertNull(find(5));
    }

    @Test
    void removingAFlowTwiceRemovesItOnce() {
        TestFlow flow = new TestFlow(nat, 5);
        table.add(flow);
        table.add(new TestFlow(nat, 6));

        flow.remove();
        flow.remove();

        assertEquals(1, flow.removals);
        assertEquals(1, table.size());
    }

    @Test
    void listsKeepTheOrderOfActivity() {
        FlowList list = new FlowList();
        TestFlow first = new TestFlow(nat, 1);
        TestFlow second = new TestFlow(nat, 2);
        TestFlow third = new TestFlow(nat, 3);
        list.add(first);
        list.add(second);
        list.add(third);

        list.touch(first);
        assertSame(second, list.oldest());
        second.remove();
        assertSame(third, list.oldest());
        third.remove();
        first.remove();
        assertNull(list.oldest());
        assertEquals(0, list.size());
    }

    @Test
    void theGuestThatHoldsMostGivesWayFirst() {
        FlowList list = new FlowList();
        TestFlow lone = new TestFlow(nat, GUEST + 1, 1);
        list.add(lone);
        TestFlow first = new TestFlow(nat, 2);
        list.add(first);
        for (int ports = 3; ports < 10; ports++) {
            list.add(new TestFlow(nat, ports));
        }

        assertSame(first, list.victim());
        assertTrue(list.hasShare(0, GUEST));
        assertFalse(list.hasShare(0, GUEST + 1));
        assertFalse(list.hasShare(0, GUEST + 2));
    }

    private Flow find(int ports) {
        return table.find(0, GUEST, 0, FAR, ports, 6);
    }

    private static final class TestFlow extends Flow {
        private int removals;

        TestFlow(NatShared nat, int ports) {
            this(nat, GUEST, ports);
        }

        TestFlow(NatShared nat, long guestLo, int ports) {
            super(nat, 0, guestLo, 0, FAR, ports, 6);
        }

        @Override
        void onTimer(long nowNs) {
            throw new AssertionError("never armed");
        }

        @Override
        void onFlush(long nowNs) {
            throw new AssertionError("never joined");
        }

        @Override
        void onRemoved() {
            removals++;
        }

        @Override
        void shutDown(long nowNs) {
            remove();
        }
    }
}
