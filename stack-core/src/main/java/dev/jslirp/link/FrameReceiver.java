package dev.jslirp.link;

import io.netty.buffer.ByteBuf;

/// Takes frames from the guest.
public interface FrameReceiver {
    /// One Ethernet frame, without check sequence, at the buffer's readable bytes. **Borrows**
    /// `frame`: it is read during the call; who keeps bytes of it retains it, so the sender may reuse
    /// the buffer when its reference count is back to what it was.
    ///
    /// @param offload see `wire.Offload`
    void onFrame(ByteBuf frame, long offload);
}
