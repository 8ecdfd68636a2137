package dev.jslirp.tap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class JslirpCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int execute(String... arguments) {
        CommandLine line = JslirpCommand.commandLine();
        line.setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        return line.execute(arguments);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            run --bogus -- true                      | 2   | Unknown option: '--bogus'
            run                                      | 2   | Missing required parameter: 'COMMAND'
            run --cidr 10.0.2.5/24 -- true           | 2   | network 10.0.2.5/24 has host bits set; did you mean 10.0.2.0/24?
            run --cidr 10.0.2.0 -- true              | 2   | --cidr '10.0.2.0': expected a network like 10.0.2.0/24
            run --guest-address 9.9.9.9 -- true      | 2   | guest address 9.9.9.9 is not a host address inside 10.0.2.0/24
            run --gateway foo -- true                | 2   | Invalid value for option '--gateway': not an IP address: 'foo'
            run --mtu 100 -- true                    | 2   | --mtu 100 is not within 576 to 65535
            run --dns x:y -- true                    | 2   | --dns 'x:y': expected an address like 192.0.2.1, 192.0.2.1:5353 or [2001:db8::1]:53
            run --name blah -- true                  | 2   | --name 'blah': expected NAME=IP
            run --log-level loud -- true             | 2   | --log-level 'loud': expected one of error, warn, info, debug, trace
            run --ready-fd 999 -- true               | 2   | --ready-fd 999: no such descriptor is open
            run -- no-such-command                   | 127 | no-such-command: command not found
            run -- /no/such/file                     | 127 | /no/such/file: no such file
            run -- /etc/passwd                       | 126 | /etc/passwd: not executable
            attach 1 --netns /x                      | 2   | PID, --netns=PATH are mutually exclusive (specify only one)
            attach --tap-fd 999                      | 1   | --tap-fd 999: no such descriptor is open
            attach --tap-fd 0 --splice               | 2   | --splice and --tap-fd exclude each other: sockets are made where the interface is made
            attach 4194305                           | 1   | there is no process 4194305
            serve                                    | 2   | Missing required option: '--listen=SPEC'
            serve --listen foo                       | 2   | Invalid value for option '--listen' (SPEC): 'foo': expected stream:/PATH, stream:HOST:PORT, dgram:/PATH, vhost-user:/PATH or stdio
            serve --listen stream:localhost:1        | 2   | Invalid value for option '--listen' (SPEC): 'stream:localhost:1': expected an address and a port like 127.0.0.1:1234, or a path with a slash
            serve --listen stdio --mtu 100           | 2   | --mtu 100 is not within 576 to 65535
            serve --listen stdio --tap-name x        | 2   | Unknown options: '--tap-name', 'x'
            serve --listen stream:/no/such/directory | 1   | cannot listen at /no/such/directory: ENOENT: No such file or directory
            serve --listen stream:192.0.2.1:1        | 1   | cannot listen at stream:192.0.2.1:1: EADDRNOTAVAIL: Cannot assign requested address
            """)
    void eachMistakeIsOneClearLine(String arguments, int status, String message) {
        assertEquals(status, execute(arguments.split(" ")));
        assertEquals("jslirp: " + message + System.lineSeparator(), err.toString());
        assertEquals("", out.toString());
    }

    @Test
    void malformedForwardIsNamed() {
        assertEquals(2, execute("run", "-p", "foo", "--", "true"));
        assertTrue(err.toString().startsWith("jslirp: port forward 'foo': "), err.toString());
    }

    @ParameterizedTest
    @CsvSource({"run --loops 0 -- true,not within 1 to 16", "run --loops 17 -- true,not within 1 to 16",
        "run --loops 2 --pcap /dev/null -- true,--pcap exclude", "attach --loops 2 --tap-fd 0,--tap-fd exclude",
        "run --busy-poll 1001 -- true,within 10 to 1000", "run --busy-poll 9 -- true,within 10 to 1000",
        "run --busy-poll -1 -- true,within 10 to 1000"})
    void loopsThatCannotBeAreNamed(String arguments, String reason) {
        assertEquals(2, execute(arguments.split(" ")));
        assertTrue(err.toString().contains(reason), err.toString());
    }

    @Test
    void helpAndVersionGoToStandardOutput() {
        assertEquals(0, execute("run", "--help"));
        assertTrue(out.toString().contains("--hostfwd"), out.toString());
        assertEquals(0, execute("--version"));
        assertEquals("", err.toString());
    }

    @ParameterizedTest
    @CsvSource({"192.0.2.1,192.0.2.1,53", "192.0.2.1:5353,192.0.2.1,5353", "[2001:db8::1]:5353,2001:db8::1,5353", "2001:db8::1,2001:db8::1,53",
        "[2001:db8::1],2001:db8::1,53"})
    void resolversAreAddressesWithOptionalPort(String text, String address, int port) throws Exception {
        assertEquals(new InetSocketAddress(InetAddress.getByName(address), port), NetworkOptions.resolver(text));
    }

    @Test
    void guestSetupSurvivesTheTripThroughArguments() {
        GuestSetup setup = new GuestSetup("tap7", 1_500, dev.jslirp.wire.MacAddress.parse("52:54:00:00:00:01"), true, 3,
                dev.jslirp.wire.IpAddress.parse("10.0.2.15"), 24, dev.jslirp.wire.IpAddress.parse("10.0.2.2"), 64);
        ArrayList<String> arguments = new ArrayList<>(setup.toArguments());
        arguments.addAll(List.of("sh", "-c", ""));
        assertEquals(setup, GuestSetup.fromArguments(arguments));
        assertEquals(List.of("sh", "-c", ""), arguments);
    }
}
