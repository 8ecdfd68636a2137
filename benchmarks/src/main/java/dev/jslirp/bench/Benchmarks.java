package dev.jslirp.bench;

import java.io.IOException;
import java.nio.file.Path;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/// JMH's command line, with the allocation profiler always on and results written as JSON; two ways to look at result files:
/// `compare BEFORE.json AFTER.json` and `plot RESULTS.json OUT.svg`; and `memory`, what idle flows hold.
public final class Benchmarks {
    private Benchmarks() {}

    /// Takes the arguments of `org.openjdk.jmh.Main`: patterns of names, `-f`, `-i`, `-p`, `-l`, …
    public static void main(String[] args) throws CommandLineOptionException, RunnerException, IOException {
        if (args.length == 3 && args[0].equals("compare")) {
            Comparison.print(Path.of(args[1]), Path.of(args[2]), System.out);
        } else if (args.length == 3 && args[0].equals("plot")) {
            Plot.write(Path.of(args[1]), Path.of(args[2]));
        } else if (args.length == 1 && args[0].equals("memory")) {
            FlowMemory.print(System.out);
        } else {
            measure(args);
        }
    }

    private static void measure(String[] args) throws CommandLineOptionException, RunnerException {
        CommandLineOptions given = new CommandLineOptions(args);
        Options options = new OptionsBuilder().parent(given).addProfiler(GCProfiler.class).shouldFailOnError(true)
                .resultFormat(ResultFormatType.JSON).result(given.getResult().orElse("jmh-result.json")).build();
        Runner runner = new Runner(options);
        if (given.shouldList()) {
            runner.list();
        } else {
            runner.run();
        }
    }
}
