package dev.jslirp.bench;

import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/// JMH's command line, with the allocation profiler always on and results written as JSON.
public final class Benchmarks {
    private Benchmarks() {}

    /// Takes the arguments of `org.openjdk.jmh.Main`: patterns of names, `-f`, `-i`, `-p`, `-l`, …
    public static void main(String[] args) throws CommandLineOptionException, RunnerException {
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
