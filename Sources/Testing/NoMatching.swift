package import Store

/// Binds nothing: for stores whose slots a test moves by hand.
package struct NoMatching: Matching {
  package init() {}
  package func bind(after changes: [SlotChange]) -> [SlotCommand] { [] }
  package func committed(_ commit: Commit) {}
  package func undone(_ bindings: [SlotCommand]) {}
}
