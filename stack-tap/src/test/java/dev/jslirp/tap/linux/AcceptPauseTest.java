package dev.jslirp.tap.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class AcceptPauseTest {
    private EpollLoop loop;
    /// Always ready, as a socket with connections that cannot be accepted.
    private int ready;
    private AcceptPause pause;

    @BeforeEach
    void open() throws Exception {
        loop = new EpollLoop("test-loop", 50_000);
        ready = EventFd.open();
        EventFd.signal(ready);
    }

    @AfterEach
    void close() {
        loop.close();
        Libc.close(ready);
    }

    private void watch(long pauseNs, FdListener listener) throws Exception {
        InLoop.call(loop, () -> pause = new AcceptPause(loop, loop.watch(ready, EpollLoop.IN, listener), pauseNs));
    }

    @Test
    void withoutDescriptorsTheSocketRests() throws Exception {
        List<Boolean> told = new ArrayList<>();
        watch(TimeUnit.HOURS.toNanos(1), _ -> told.add(pause.begins(-Errno.EMFILE.number())));
        for (int i = 0; i < 10; i++) {
            InLoop.call(loop, () -> null);
        }
        assertEquals(List.of(true), told);
    }

    @Test
    void itGoesOnAfterThePauseAndTellsOfEachShortageOnce() throws Exception {
        List<Boolean> told = new ArrayList<>();
        var done = new CompletableFuture<Void>();
        int[] results = {-Errno.EMFILE.number(), -Errno.ENFILE.number(), -Errno.EAGAIN.number(), -Errno.ENOMEM.number()};
        watch(1, _ -> {
            if (told.size() < results.length) {
                told.add(pause.begins(results[told.size()]));
            } else {
                done.complete(null);
            }
        });
        done.join();
        assertEquals(List.of(true, false, false, true), told);
    }
}
