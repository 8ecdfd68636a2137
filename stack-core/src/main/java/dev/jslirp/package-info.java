/// Placeholder.
package dev.jslirp;
