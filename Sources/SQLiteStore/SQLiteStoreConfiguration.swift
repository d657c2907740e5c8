package import Engine

/// How a SQLite store runs. The defaults suit one machine.
package struct SQLiteStoreConfiguration: Sendable {
  package enum Durability: Sendable {
    /// What was acknowledged survives power loss.
    case full
    /// It survives the death of the process; power loss may take back the last moments.
    case normal
  }

  package var durability: Durability = .full
  /// How many reading operations run side by side. At least 1.
  package var readers = 3
  /// The most operations that may wait for the writer; more are refused.
  package var mailboxBound = 65_536
  /// The most operations, and about the most rows, of one transaction.
  package var operationsPerCommit = 4096
  package var rowsPerCommit = 20_000
  /// How many slots whose rows are up to date are kept in memory, so that what moves next need not be
  /// read.
  package var rowsInMemory = 65_536
  /// How many slots may be ahead of their rows before each transaction stores some, in the order of
  /// their changes. The more, the fewer rows are written, and the longer the start after a crash.
  package var unsettledSlots = 8_192
  /// How many changes that fires make may be ahead of the rows of triggers, as `unsettledSlots` says for
  /// slots: one for a trigger's state and one for its task.
  package var unsettledFires = 65_536
  /// The most pages of the file; `nil` leaves it to the disk.
  package var largestPageCount: Int?
  /// How many changes the journal keeps at least, for those who follow.
  package var journalBound = 200_000
  /// The time of day.
  package var clock: @Sendable () -> Timestamp
  /// Called when the disk failed to sync: what was written may be lost, and trying again would lie.
  package var onSyncFailure: @Sendable (String) -> Void = SQLiteStoreConfiguration.endProcess

  package init(clock: @escaping @Sendable () -> Timestamp) {
    self.clock = clock
  }
}
