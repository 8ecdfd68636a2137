/// What tests are made of: virtual time, a simulated link, host and guest.
package dev.jslirp.testkit;
