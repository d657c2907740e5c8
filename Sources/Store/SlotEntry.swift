package import Engine

/// A slot's row and its task, as a ledger has them in memory while it changes them.
///
/// An object, so that a move is made in place. It belongs to the ledger: rows are changed through
/// `Ledger.change(_:_:)`, which can undo it.
package protocol SlotEntry: AnyObject {
  var task: TaskRecord { get }
  var row: SlotRow { get }
  /// That of the row: asked for by itself so often that the rest should stay where it is.
  var slot: Slot { get }
}
