#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The clocks of the machine.
package enum SystemClock {
  /// Microseconds since 1970 UTC, as the machine believes; it may be set forward and back.
  package static var wallMicroseconds: Int64 { microseconds(CLOCK_REALTIME) }

  /// Since the machine started, suspend included; never set.
  package static var monotonic: Duration { .microseconds(microseconds(CLOCK_BOOTTIME)) }

  private static func microseconds(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    _ = unsafe clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
  }
}
