/// How large the parts of a message may be, in bytes unless a name says otherwise.
package enum WireLimits {
  /// One message of the stream.
  package static let message = 4 << 20
  package static let param = 1 << 20
  package static let result = 256 << 10
  /// One line of a run's log, its metadata included.
  package static let logLine = 8 << 10
  /// All lines of one run together.
  package static let logRun = 1 << 20
  /// What a handler says about its progress.
  package static let note = 1024
  /// Why a run failed; longer is cut.
  package static let failure = 8 << 10
  /// Why something was declined, refused or cancelled; longer is cut.
  package static let reason = 1024
  /// Names of workers, handlers, namespaces and triggers, keys and values of labels.
  package static let name = 128

  /// How many handlers one worker may have.
  package static let handlerCount = 1_000
  /// How many labels one worker or task may carry, and how many facts one log line.
  package static let labelCount = 64
  /// How many runs one worker may have at once, and how many offers one credit may grant.
  package static let capacity = 100_000
  /// How many runs or reports one list may hold.
  package static let listCount = 200_000
}
