/// Real clients: the Linux kernel's TCP, and the programs people use, run as guests through the built
/// `jslirp` command.
///
/// **How it works.** [dev.jslirp.tap.guest.OutsideNetwork] makes a network namespace that stands for the world and
/// joins it to this one with a veth pair. [dev.jslirp.tap.guest.Guest] starts the command from a copy of the build, as
/// root or as an ordinary user, with a sleeping process as its guest; tests then run curl, iperf3, dig and the
/// like inside that process's namespaces with `nsenter`. When a guest is closed, its daemon prints its counters, and
/// every flow, descriptor and buffer must be accounted for. [dev.jslirp.tap.guest.LoopsIT] does all of that with two
/// loops, and adds what only those can do wrong.
///
/// [dev.jslirp.tap.guest.VmmGuest] stands for a virtual machine: a namespace whose frames this process carries to `jslirp serve`.
///
/// **Virtual machines.** [dev.jslirp.tap.guest.QemuGuest] boots a Linux kernel in QEMU, emulated in software, from an
/// [dev.jslirp.tap.guest.Initramfs] and runs shell commands in it over its serial console: one line `ID BASE64` asks,
/// `@begin ID STATUS`, the output in Base64, and `@end ID` answer. [dev.jslirp.tap.guest.Netdev] lists the ways to connect its
/// card, [dev.jslirp.tap.guest.ServedNetwork] is the `jslirp serve` at the other end. QEMU's own network goes through the same
/// tests, so that a failure there shows a mistake in the tests.
///
/// Everything here but `RunIT` needs root (to make namespaces for the ordinary user's test, too) and the programs that `.ci/run`
/// installs. Without them the tests are skipped, unless `-Djslirp.it.required=true`, which makes a missing
/// prerequisite a failure.
package dev.jslirp.tap.guest;
