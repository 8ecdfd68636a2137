package dev.jslirp.tap;

import dev.jslirp.wire.IpAddress;
import dev.jslirp.wire.MacAddress;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/// The command line. Every error is one line `jslirp: …` on standard error.
@Command(name = "jslirp", mixinStandardHelpOptions = true, versionProvider = JslirpCommand.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        description = "Gives a network namespace or a virtual machine a network, without privileges: a TCP/IP stack in user space.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  jslirp run -- curl https://example.org       a command in a network of its own",
            "  jslirp run -p tcp:127.0.0.1:8080-:80 -- bash port 8080 of the host leads to port 80 inside",
            "  jslirp attach --configure 4711               the namespaces of process 4711",
            "  jslirp serve --listen stream:/tmp/net.sock   virtual machines",
            "",
            "See also: jslirp run --help, jslirp attach --help, jslirp serve --help"})
final class JslirpCommand implements Runnable {
    private static final Map<String, Class<?>> COMMANDS = new LinkedHashMap<>();

    static {
        COMMANDS.put("run", RunCommand.class);
        COMMANDS.put("attach", AttachCommand.class);
        COMMANDS.put("serve", ServeCommand.class);
    }

    @Spec
    private CommandSpec spec;

    /// Reads the version that Maven wrote into the jar.
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() throws IOException {
            Properties properties = new Properties();
            try (InputStream in = JslirpCommand.class.getResourceAsStream("/jslirp.properties")) {
                properties.load(in);
            }
            return new String[] {"jslirp " + properties.getProperty("version")};
        }
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing: run, attach or serve (try: jslirp --help)");
    }

    /// Parses and executes; returns the exit status.
    static int execute(String[] arguments) {
        return commandLine(arguments).execute(arguments);
    }

    /// The parser, ready to execute `arguments`. Reading the options of a command by reflection takes a good part of the time to start, so
    /// that it is done for those commands only that may be needed.
    static CommandLine commandLine(String... arguments) {
        CommandLine line = new CommandLine(new JslirpCommand());
        String first = arguments.length == 0 ? "" : arguments[0];
        COMMANDS.forEach((name, command) -> {
            if (first.equals(name) || !COMMANDS.containsKey(first)) {
                line.addSubcommand(name, command);
            }
        });
        return line
                .registerConverter(IpAddress.class, converter(IpAddress::parse))
                .registerConverter(MacAddress.class, converter(MacAddress::parse))
                .setParameterExceptionHandler((e, _) -> fail(e.getCommandLine(), UsageException.USAGE, e.getMessage()))
                .setExecutionExceptionHandler((e, failed, _) -> switch (e) {
                    case UsageException usage -> fail(failed, usage.status(), usage.getMessage());
                    case IllegalArgumentException wrong -> fail(failed, UsageException.USAGE, wrong.getMessage());
                    case IOException io -> fail(failed, UsageException.SETUP, io.getMessage());
                    default -> throw e;
                });
    }

    /// Keeps the message of what went wrong, without the exception's name.
    private static <T> ITypeConverter<T> converter(Function<String, T> parser) {
        return text -> {
            try {
                return parser.apply(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        };
    }

    private static int fail(CommandLine line, int status, String message) {
        PrintWriter err = line.getErr();
        err.println("jslirp: " + message.replaceFirst("^Error: ", "").lines().findFirst().orElse("failed"));
        err.flush();
        return status;
    }
}
