import Engine
import Store

@testable import SQLiteStore

extension FuzzTarget {
  /// What the store packs into its rows: a damaged file gives nonsense, and nonsense is told apart.
  static let store = [
    FuzzTarget("slot", longest: 256) { input in
      let id = SlotID(task: TaskID(UUIDv7(high: 1, low: 1)), shard: 0)
      guard let slot = Slot(id: id, bytes: input) else { return }
      try demand(Slot(id: id, bytes: slot.bytes) == slot, "\(slot) reads as another")
    },
    FuzzTarget("slot-history", longest: 512) { input in
      let entries = SlotHistory(bytes: input).entries
      var history = SlotHistory()
      for entry in entries { history.append(entry) }
      try demand(history.entries == entries, "\(entries) read as others")
    },
    FuzzTarget("journal-page", longest: 512) { input in
      let template = SharedTemplate(number: 1, value: TaskTemplate(namespace: "n", handler: "h"))
      guard let page = CommitPage(input) else { return }
      let moves = try CommitPage.moves(in: input) { number in number == 7 ? nil : template }
      let sequences = moves.map(\.sequence)
      try demand(sequences == sequences.sorted(), "moves are told of out of order")
      for delta in page.slots { _ = SlotHistory(bytes: delta.entries).lastMoveAt }
    },
    FuzzTarget("trigger-definition", longest: 512) { input in
      guard let definition = TriggerDefinition(bytes: input) else { return }
      let again = TriggerDefinition(bytes: definition.bytes)
      try demand(again == definition, "\(definition) reads as \(again as Any)")
    },
    FuzzTarget("trigger-state", longest: 256) { input in
      guard let state = Trigger.State(bytes: input) else { return }
      let again = Trigger.State(bytes: state.bytes)
      try demand(again == state, "\(state) reads as \(again as Any)")
    },
    FuzzTarget("template", longest: 512) { input in
      guard let template = TaskTemplate(bytes: input) else { return }
      let again = TaskTemplate(bytes: template.bytes)
      try demand(again == template, "\(template) reads as \(again as Any)")
      try demand(again?.bytes == template.bytes, "\(template) has other bytes the second time")
    },
    FuzzTarget("log-metadata", longest: 512) { input in
      let metadata = LogMetadata.read(input.text)
      let again = LogMetadata.read(try LogMetadata.write(metadata))
      try demand(again == metadata, "\(metadata) reads as \(again)")
    },
  ]
}
