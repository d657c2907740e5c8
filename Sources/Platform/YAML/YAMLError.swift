/// What is wrong with a text, and where.
package struct YAMLError: Error, Hashable, Sendable {
  /// Where in the document, such as `jobConfig.handlers[2].disable`; empty for its root and for
  /// errors of syntax.
  package let path: String
  /// Counted from 1.
  package let line: Int
  /// Counted from 1, in characters.
  package let column: Int
  package let message: String

  package init(path: String = "", line: Int, column: Int, message: String) {
    self.path = path
    self.line = line
    self.column = column
    self.message = message
  }
}

extension YAMLError: CustomStringConvertible {
  package var description: String {
    let subject = path.isEmpty ? "" : "\(path): "
    return "line \(line), column \(column): \(subject)\(message)"
  }
}
