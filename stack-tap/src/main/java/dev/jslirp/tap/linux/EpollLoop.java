package dev.jslirp.tap.linux;

import static dev.jslirp.tap.linux.Constants.*;

import dev.jslirp.time.Reactor;
import io.netty.util.concurrent.FastThreadLocalThread;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// An event loop on `epoll`: one thread that owns descriptors, timers and tasks.
///
/// **Round.** Wait (for nothing, when tasks are left), hand every ready descriptor to its listener, run the
/// tasks that were there when their turn began, call the reactors whose time has come. A stack's batch is one round: it begins with the
/// first listener that touches the stack, and ends with the task it left. With nothing to do the thread sleeps without limit; while
/// events come one soon after the other it looks for the next a little before it sleeps ([BusyPoll]).
///
/// **Threads.** [#execute] and [#close] may be called by any thread; everything else belongs to the loop's own.
///
/// **Errors.** A listener or task that throws is logged as the bug it is; the others go on.
public final class EpollLoop implements Executor, AutoCloseable {
    /// Bytes or a connection can be had (`EPOLLIN`).
    public static final int IN = 1;
    /// There are urgent bytes among those that can be had (`EPOLLPRI`).
    public static final int PRI = 2;
    /// There is room to write (`EPOLLOUT`).
    public static final int OUT = 4;
    /// The descriptor has an error to tell (`EPOLLERR`); always reported.
    public static final int ERR = 8;
    /// Both directions are closed (`EPOLLHUP`); always reported.
    public static final int HUP = 0x10;
    /// The peer will send no more (`EPOLLRDHUP`).
    public static final int RDHUP = 0x2000;
    /// Tell of changes only (`EPOLLET`): whoever asks for it remembers what is ready.
    public static final int EDGE = 1 << 31;

    private static final Logger LOG = LoggerFactory.getLogger(EpollLoop.class);
    /// Events taken per round; the rest is taken in the next one.
    private static final int EVENTS_PER_ROUND = 256;
    private static final int NS_PER_MS = 1_000_000;
    private static final int WAKE_KEY = 0;

    private final Thread thread;
    private final BusyPoll busyPoll;
    private final int epollFd;
    private final int wakeFd;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment events = arena.allocate(Structs.EPOLL_EVENT_BYTES * EVENTS_PER_ROUND, 8);
    /// For one `epoll_ctl`.
    private final MemorySegment scratch = arena.allocate(Structs.EPOLL_EVENT_BYTES, 8);

    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    private final ConcurrentLinkedQueue<Runnable> foreignTasks = new ConcurrentLinkedQueue<>();
    /// Those with a deadline, and some that had one lately.
    private final List<LoopReactor> timers = new ArrayList<>();
    /// Whether the thread waits, or is about to, without having looked at [#foreignTasks] since.
    private final AtomicBoolean asleep = new AtomicBoolean();
    private volatile boolean stopping;
    /// Held by whoever writes to the wake-up descriptor, and to close it: a thread that wakes the loop may be slower than the loop's end.
    private final Object wakeLock = new Object();
    private boolean wakeClosed;

    /// By slot; slot 0 is the wake-up descriptor's.
    private FdWatch[] watches = new FdWatch[64];
    private int[] freeSlots = new int[64];
    private int freeCount;
    private int slotsUsed = 1;
    private int occupancy;

    /// Opens the descriptors and starts the thread.
    ///
    /// @param busyPollNs how long to look for events before sleeping, at most, nanoseconds; less than ten microseconds: always sleep
    /// @throws TapException if no descriptor can be had
    public EpollLoop(String threadName, long busyPollNs) throws TapException {
        busyPoll = new BusyPoll(busyPollNs);
        epollFd = TapException.check(Libc.epollCreate1(O_CLOEXEC), "cannot open an epoll descriptor");
        wakeFd = Libc.eventfd(0, O_CLOEXEC | O_NONBLOCK);
        // By edge, each write is an event, and the counter need never be read.
        int result = wakeFd < 0 ? wakeFd : control(EPOLL_CTL_ADD, wakeFd, IN | EDGE, WAKE_KEY);
        if (result < 0) {
            Libc.close(epollFd);
            if (wakeFd >= 0) {
                Libc.close(wakeFd);
            }
            throw new TapException("cannot watch an event descriptor", -result, "");
        }
        thread = new FastThreadLocalThread(this::run, threadName);
        thread.setDaemon(true);
        thread.start();
    }

    /// A reactor on this loop; each network has its own.
    public Reactor newReactor() {
        return new LoopReactor();
    }

    /// Runs `task` in the loop, after the events of the current round. Any thread; after [#close] it never runs.
    @Override
    public void execute(Runnable task) {
        if (inLoop()) {
            tasks.add(task);
            return;
        }
        foreignTasks.add(task);
        wake();
    }

    private void wake() {
        if (asleep.getAndSet(false)) {
            synchronized (wakeLock) {
                if (!wakeClosed) {
                    EventFd.signal(wakeFd);
                }
            }
        }
    }

    /// Whether the caller is the loop's thread.
    public boolean inLoop() {
        return Thread.currentThread() == thread;
    }

    /// Watches `fd`, level-triggered unless [#EDGE] is among `wanted`. In-loop.
    ///
    /// @param wanted [#IN], [#PRI], [#OUT], [#RDHUP], [#EDGE]; [#ERR] and [#HUP] are always told of
    /// @throws TapException if the kernel does not take the descriptor (an ordinary file, or no memory)
    public FdWatch watch(int fd, int wanted, FdListener listener) throws TapException {
        int slot = freeCount > 0 ? freeSlots[--freeCount] : slotsUsed++;
        if (slot == watches.length) {
            watches = Arrays.copyOf(watches, slot * 2);
            freeSlots = Arrays.copyOf(freeSlots, slot * 2);
        }
        FdWatch watch = new FdWatch(this, fd, wanted, listener, (long) ++occupancy << 32 | slot);
        int result = control(EPOLL_CTL_ADD, fd, wanted, watch.key);
        if (result < 0) {
            freeSlots[freeCount++] = slot;
            throw new TapException("cannot watch a descriptor", -result, "");
        }
        watches[slot] = watch;
        return watch;
    }

    void modify(int fd, int wanted, long key) {
        control(EPOLL_CTL_MOD, fd, wanted, key);
    }

    void forget(int fd, FdWatch watch) {
        control(EPOLL_CTL_DEL, fd, 0, 0);
        release(watch);
    }

    void release(FdWatch watch) {
        int slot = (int) watch.key;
        watches[slot] = null;
        freeSlots[freeCount++] = slot;
    }

    private int control(int operation, int fd, int wanted, long key) {
        scratch.set(ValueLayout.JAVA_INT, 0, wanted);
        scratch.set(ValueLayout.JAVA_LONG_UNALIGNED, Structs.EPOLL_EVENT_DATA, key);
        return Libc.epollCtl(epollFd, operation, fd, scratch.address());
    }

    private void run() {
        while (!stopping) {
            int ready = waitForEvents();
            for (int i = 0; i < ready; i++) {
                deliver(i * Structs.EPOLL_EVENT_BYTES);
            }
            runTasks();
            wakeReactors();
        }
        runTasks();
        Libc.close(epollFd);
        synchronized (wakeLock) {
            wakeClosed = true;
            Libc.close(wakeFd);
        }
    }

    private int waitForEvents() {
        int timeoutMs = tasks.isEmpty() ? timeoutMs() : 0;
        if (timeoutMs == 0) {
            return epollWait(0);
        }
        long beganNs = System.nanoTime();
        int ready = look(beganNs);
        if (ready == 0) {
            ready = sleep(busyPoll.windowNs() == 0 ? timeoutMs : timeoutMs());
        }
        busyPoll.waited(System.nanoTime() - beganNs, ready);
        return ready;
    }

    private int look(long beganNs) {
        int ready = 0;
        while (ready == 0 && foreignTasks.isEmpty() && System.nanoTime() - beganNs < busyPoll.windowNs()) {
            ready = epollWait(0);
        }
        return ready;
    }

    /// Only looks once when another thread has left a task meanwhile.
    private int sleep(int timeoutMs) {
        asleep.set(true);
        int ready = epollWait(foreignTasks.isEmpty() && !stopping ? timeoutMs : 0);
        if (asleep.getOpaque()) {
            asleep.set(false);
        }
        return ready;
    }

    private int epollWait(int timeoutMs) {
        return Libc.epollWait(epollFd, events.address(), EVENTS_PER_ROUND, timeoutMs);
    }

    /// How long until the first reactor wants to be called; -1 for ever. Rounded up, so that one wake-up is enough.
    private int timeoutMs() {
        long soonestNs = Long.MAX_VALUE;
        long nowNs = 0;
        for (int i = 0; i < timers.size(); i++) {
            long deadlineNs = timers.get(i).deadlineNs;
            if (deadlineNs != Long.MAX_VALUE) {
                nowNs = nowNs == 0 ? System.nanoTime() : nowNs;
                soonestNs = Math.min(soonestNs, Math.max(0, deadlineNs - nowNs));
            }
        }
        return soonestNs == Long.MAX_VALUE ? -1 : (int) Math.min(Integer.MAX_VALUE, (soonestNs + NS_PER_MS - 1) / NS_PER_MS);
    }

    private void deliver(long offset) {
        long key = events.get(ValueLayout.JAVA_LONG_UNALIGNED, offset + Structs.EPOLL_EVENT_DATA);
        FdWatch watch = watches[(int) key];
        // No watch: the wake-up descriptor, or cancelled by a listener of this round. Another key: the slot has a new occupant.
        if (watch == null || watch.key != key) {
            return;
        }
        try {
            watch.deliver(events.get(ValueLayout.JAVA_INT, offset));
        } catch (RuntimeException | Error e) {
            LOG.warn("a listener failed; this is a bug", e);
        }
    }

    /// Runs the tasks that are there now; those they add have their turn after the next look at the descriptors.
    private void runTasks() {
        for (Runnable task = foreignTasks.poll(); task != null; task = foreignTasks.poll()) {
            tasks.add(task);
        }
        for (int left = tasks.size(); left > 0; left--) {
            run(tasks.poll());
        }
    }

    private void wakeReactors() {
        for (int i = timers.size() - 1; i >= 0; i--) {
            LoopReactor reactor = timers.get(i);
            if (reactor.deadlineNs == Long.MAX_VALUE) {
                // Going backwards, whatever takes its place has been looked at.
                reactor.listed = false;
                LoopReactor last = timers.removeLast();
                if (last != reactor) {
                    timers.set(i, last);
                }
            } else if (reactor.deadlineNs - System.nanoTime() <= 0) {
                reactor.deadlineNs = Long.MAX_VALUE;
                run(reactor.onWake);
            }
        }
    }

    /// Reactors the loop looks at in each round.
    int timers() {
        return timers.size();
    }

    private static void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            LOG.warn("{} failed; this is a bug", task, e);
        }
    }

    /// Ends the loop after the current round and waits for its thread, unless this is it. Idempotent.
    @Override
    public void close() {
        stopping = true;
        if (inLoop()) {
            return;
        }
        synchronized (this) {
            if (!arena.scope().isAlive()) {
                return;
            }
            wake();
            boolean interrupted = false;
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            arena.close();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /// Time and one deadline.
    private final class LoopReactor implements Reactor {
        private Runnable onWake;
        private long deadlineNs = Long.MAX_VALUE;
        private boolean listed;

        @Override
        public long nowNs() {
            return System.nanoTime();
        }

        @Override
        public void wakeAt(long newDeadlineNs) {
            deadlineNs = newDeadlineNs;
            if (!listed && newDeadlineNs != Long.MAX_VALUE) {
                listed = true;
                timers.add(this);
            }
        }

        @Override
        public void onWake(Runnable handler) {
            onWake = handler;
        }

        @Override
        public boolean inLoop() {
            return EpollLoop.this.inLoop();
        }

        @Override
        public void execute(Runnable task) {
            EpollLoop.this.execute(task);
        }
    }
}
