/// A small machine monitor that embeds jslirp through its public API only: a virtio-net device, a guest on a thread of its own, and the
/// monitor's loop. The package is outside of the stack's, so what it needs has to be public.
package dev.jslirp.vmm;
