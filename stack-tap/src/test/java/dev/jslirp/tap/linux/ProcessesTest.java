package dev.jslirp.tap.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class ProcessesTest {
    /// Field 19 of `stat`, counted behind the name, which may hold blanks.
    private static final int NICE = 16;
    private static final int NICE_MAX = 19;

    @Test
    void threadsNamedGiveWayAndOthersDoNot() throws Exception {
        CountDownLatch named = new CountDownLatch(1);
        CountDownLatch told = new CountDownLatch(1);
        FutureTask<Integer> nice = new FutureTask<>(() -> {
            named.countDown();
            told.await();
            return ownNice();
        });
        Thread.ofPlatform().name("gives-way").start(nice);
        named.await();
        int before = ownNice();

        int count = Processes.giveWay("gives-way", 3);
        told.countDown();

        assertEquals(1, count);
        assertEquals(Math.min(before + 3, NICE_MAX), nice.get());
        assertEquals(before, ownNice());
    }

    private static int ownNice() throws Exception {
        String stat = Files.readString(Path.of("/proc/thread-self/stat"));
        return Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[NICE]);
    }
}
