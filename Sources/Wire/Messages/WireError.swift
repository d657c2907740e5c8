/// Why a message could not be read.
package struct WireError: Error, Hashable {
  package enum Problem: Sendable, Hashable {
    /// Not a message of this kind at all, or one without a field that it must have.
    case malformed
    /// A field or a choice that must be there is not.
    case missing
    /// Not text in UTF-8.
    case notText
    /// So many bytes where others were expected.
    case wrongLength(Int, expected: Int)
    /// So many bytes or items, which is over the limit.
    case overLimit(Int, limit: Int)
    /// A number outside what the field allows, or a word it does not know.
    case outOfRange
  }

  /// The message and the field as the schema names them: `Hello.worker_id`.
  package let field: String
  package let problem: Problem

  package init(_ field: String, _ problem: Problem) {
    self.field = field
    self.problem = problem
  }
}

extension WireError: CustomStringConvertible {
  package var description: String {
    switch problem {
    case .malformed: "\(field) is malformed or incomplete"
    case .missing: "\(field) is missing"
    case .notText: "\(field) is not UTF-8"
    case .wrongLength(let count, let expected): "\(field) has \(count) bytes, not \(expected)"
    case .overLimit(let count, let limit): "\(field) is \(count), more than \(limit)"
    case .outOfRange: "\(field) has a value that is not allowed"
    }
  }
}
