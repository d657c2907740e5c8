internal import Engine

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// The clocks of this machine.
enum SystemTime {
  private static let origin = ContinuousClock.now

  static func now() -> Moment {
    Moment(elapsed: origin.duration(to: .now), wall: wall())
  }

  static func wall() -> Timestamp {
    var time = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }
}
