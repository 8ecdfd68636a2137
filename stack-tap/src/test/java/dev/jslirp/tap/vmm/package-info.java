/// Links for virtual machine monitors: framing and queues alone, and whole links against sockets of this machine.
package dev.jslirp.tap.vmm;
