import CGRPC

extension gpr_timespec {
  /// The moment `timeout` from now; `nil` means never. The clock cannot be set back.
  init(after timeout: Duration?) {
    guard let timeout else {
      self = gpr_inf_future(GPR_CLOCK_MONOTONIC)
      return
    }
    let (seconds, attoseconds) = timeout.components
    let span = gpr_timespec(
      tv_sec: seconds,
      tv_nsec: Int32(attoseconds / 1_000_000_000),
      clock_type: GPR_TIMESPAN
    )
    self = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), span)
  }

  /// How long it is until then, not below zero; `nil` for never.
  var remaining: Duration? {
    guard gpr_time_cmp(self, gpr_inf_future(clock_type)) != 0 else { return nil }
    let span = gpr_time_sub(self, gpr_now(clock_type))
    return max(.zero, .seconds(span.tv_sec) + .nanoseconds(Int64(span.tv_nsec)))
  }
}
