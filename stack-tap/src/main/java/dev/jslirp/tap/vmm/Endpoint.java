package dev.jslirp.tap.vmm;

/// One place where guests are waited for. In-loop.
interface Endpoint extends AutoCloseable {
    /// Where it is, with the port the host chose.
    ListenSpec spec();

    /// Begins to take guests in.
    void start();

    /// Ends its guests and takes the place down; idempotent.
    @Override
    void close();
}
