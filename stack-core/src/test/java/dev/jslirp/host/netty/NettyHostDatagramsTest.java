package dev.jslirp.host.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.host.HostDatagramsContract;
import dev.jslirp.host.HostFixture;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

class NettyHostDatagramsTest extends HostDatagramsContract {
    @Override
    protected HostFixture open() {
        return new NettyHostFixture();
    }

    @Test
    void theQueueOfUnsentDatagramsIsBoundedInNumberAndBytes() {
        DatagramQueue queue = new DatagramQueue();
        InetSocketAddress to = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 9);
        var allocator = UnpooledByteBufAllocator.DEFAULT;
        ByteBuf bytes = Unpooled.wrappedBuffer(new byte[60_000]);
        for (int i = 0; i < 1000; i++) {
            queue.add(bytes, 0, 60_000, to, allocator);
        }
        assertEquals(DatagramQueue.MAX_BYTES / 60_000, count(queue));
        for (int i = 0; i < 1000; i++) {
            queue.add(bytes, 0, 10, to, allocator);
        }
        assertEquals(DatagramQueue.MAX_DATAGRAMS, count(queue));
    }

    private static int count(DatagramQueue queue) {
        int count = 0;
        for (; !queue.isEmpty(); queue.removeFirst()) {
            count++;
        }
        return count;
    }

    @Test
    void withoutAnEchoProviderTheErrorSaysWhatToDo() throws Exception {
        HostFixture host = open();
        ExecutionException e = assertThrows(ExecutionException.class,
                () -> host.inLoop(() -> host.network().openEcho(InetAddress.ofLiteral("127.0.0.1"), null)));
        assertTrue(e.getCause().getMessage().contains("EchoSockets"), e.getCause()::getMessage);
        host.close();
    }
}
