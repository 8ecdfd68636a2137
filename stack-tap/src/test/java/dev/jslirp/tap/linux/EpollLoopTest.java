package dev.jslirp.tap.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.jslirp.time.Reactor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/// Once always sleeping, once looking before it does.
@Timeout(30)
@ParameterizedClass
@ValueSource(longs = {0, 50_000})
class EpollLoopTest {
    @Parameter
    long busyPollNs;

    private EpollLoop loop;

    @BeforeEach
    void open() throws Exception {
        loop = new EpollLoop("test-loop", busyPollNs);
    }

    @AfterEach
    void close() {
        loop.close();
    }

    private <T> T inLoop(Callable<T> task) throws Exception {
        return InLoop.call(loop, task);
    }

    private static int event() {
        return Libc.eventfd(0, Constants.O_NONBLOCK);
    }

    private static void signal(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            assertEquals(8, Libc.write(fd, arena.allocateFrom(ValueLayout.JAVA_LONG, 1).address(), 8));
        }
    }

    private static void clear(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            Libc.read(fd, arena.allocate(8, 8).address(), 8);
        }
    }

    @Test
    void tasksOfOtherThreadsRunInOrderInTheLoop() throws Exception {
        List<Integer> seen = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            int number = i;
            loop.execute(() -> {
                assertTrue(loop.inLoop());
                seen.add(number);
            });
        }
        assertEquals(1_000, inLoop(() -> seen.size()));
        assertEquals(999, seen.get(999));
        assertFalse(loop.inLoop());
    }

    @Test
    void aFailingTaskDoesNotStopTheLoop() throws Exception {
        loop.execute(() -> {
            throw new IllegalStateException("on purpose");
        });
        assertEquals("alive", inLoop(() -> "alive"));
    }

    @Test
    void readinessReachesItsListenerUntilCancelled() throws Exception {
        int fd = event();
        var told = new CompletableFuture<Integer>();
        FdWatch watch = inLoop(() -> loop.watch(fd, EpollLoop.IN, events -> {
            clear(fd);
            told.complete(events);
        }));
        signal(fd);
        assertEquals(EpollLoop.IN, told.get());
        inLoop(() -> {
            watch.cancel();
            watch.cancel();
            return null;
        });
        signal(fd);
        inLoop(() -> null);
        assertEquals(0, Libc.close(fd));
    }

    @Test
    void aWatchCancelledByAnotherListenerOfTheRoundStaysSilent() throws Exception {
        int first = event();
        int second = event();
        List<String> told = new ArrayList<>();
        FdWatch[] watches = new FdWatch[2];
        inLoop(() -> {
            watches[0] = loop.watch(first, EpollLoop.IN, events -> {
                told.add("first");
                watches[0].cancel();
                watches[1].cancel();
                // Takes the place of one that is ready in this round.
                loop.execute(() -> { });
                watchQuietly(event());
            });
            watches[1] = loop.watch(second, EpollLoop.IN, events -> {
                told.add("second");
                watches[0].cancel();
                watches[1].cancel();
                watchQuietly(event());
            });
            signal(first);
            signal(second);
            return null;
        });
        inLoop(() -> null);
        inLoop(() -> null);
        assertEquals(1, told.size(), told::toString);
    }

    private void watchQuietly(int fd) {
        try {
            loop.watch(fd, EpollLoop.IN, events -> {
                throw new AssertionError("an event of the slot's former occupant");
            });
        } catch (TapException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void interestTurnsEventsOffAndOn() throws Exception {
        int fd = event();
        signal(fd);
        List<Integer> told = new ArrayList<>();
        FdWatch watch = inLoop(() -> loop.watch(fd, 0, told::add));
        inLoop(() -> null);
        assertEquals(List.of(), inLoop(() -> List.copyOf(told)));
        inLoop(() -> {
            watch.interest(EpollLoop.IN | EpollLoop.EDGE);
            return null;
        });
        inLoop(() -> null);
        inLoop(() -> null);
        assertEquals(List.of(EpollLoop.IN), inLoop(() -> List.copyOf(told)));
    }

    @Test
    void aReactorIsWokenOnceAtItsDeadline() throws Exception {
        Reactor reactor = loop.newReactor();
        var woken = new CompletableFuture<Long>();
        long deadlineNs = reactor.nowNs() + 5_000_000;
        inLoop(() -> {
            reactor.onWake(() -> woken.complete(reactor.nowNs()));
            reactor.wakeAt(Long.MAX_VALUE);
            reactor.wakeAt(deadlineNs);
            return null;
        });
        assertTrue(woken.get() - deadlineNs >= 0);
    }

    @Test
    void aReactorThatWaitsForNothingCostsNothing() throws Exception {
        Reactor reactor = loop.newReactor();
        inLoop(() -> {
            reactor.onWake(() -> { });
            reactor.wakeAt(reactor.nowNs() + TimeUnit.HOURS.toNanos(1));
            return null;
        });
        assertEquals(1, inLoop(loop::timers));
        inLoop(() -> {
            reactor.wakeAt(Long.MAX_VALUE);
            return null;
        });
        inLoop(() -> null);
        assertEquals(0, inLoop(loop::timers));
    }

    @Test
    void anOrdinaryFileCannotBeWatched(@TempDir Path directory) throws Exception {
        Path file = Files.writeString(directory.resolve("file"), "text");
        try (Arena arena = Arena.ofConfined()) {
            int fd = Libc.open(Structs.string(arena, file.toString()).address(), Constants.O_RDONLY, 0);
            inLoop(() -> assertThrows(TapException.class, () -> loop.watch(fd, EpollLoop.IN, events -> { })));
            Libc.close(fd);
        }
    }

    @Test
    void manyWatchesComeAndGo() throws Exception {
        for (int round = 0; round < 3; round++) {
            List<Integer> fds = new ArrayList<>();
            List<Integer> told = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                int fd = event();
                signal(fd);
                fds.add(fd);
            }
            List<FdWatch> watches = inLoop(() -> {
                List<FdWatch> all = new ArrayList<>();
                for (int fd : fds) {
                    all.add(loop.watch(fd, EpollLoop.IN | EpollLoop.EDGE, events -> told.add(fd)));
                }
                return all;
            });
            inLoop(() -> null);
            inLoop(() -> null);
            inLoop(() -> null);
            assertEquals(fds.size(), inLoop(() -> told.stream().distinct().count()).intValue());
            inLoop(() -> {
                watches.forEach(FdWatch::cancel);
                fds.forEach(Libc::close);
                return null;
            });
        }
    }

    @Test
    void closingTwiceAndFromWithinIsFine() throws Exception {
        loop.execute(loop::close);
        loop.close();
        loop.close();
    }
}
