import ControlAPI
import Engine
import Store
import Synchronization
import Wire

/// Turns `TaskSpec` messages into submissions.
///
/// Clients ask for the same kind of task again and again. What such messages have in common, all but
/// the parameter and the time, is checked once and remembered by its bytes.
final class TaskIntake: Sendable {
  /// The most kinds of task to remember. Beyond them it starts anew.
  static let mostKinds = 4_096
  /// The longest message to remember, in bytes, without its parameter and its time.
  static let longestKind = 1_024

  private struct Kind: Hashable {
    let namespace: String
    let spec: [UInt8]
  }

  private let templates = Mutex<[Kind: TaskTemplate]>([:])
  private let shape: MessageShape

  init() {
    guard
      case .message(let spec)? = ServiceShape.control.method("SubmitTask")?.request.field(2)?.kind
    else { preconditionFailure("a task that is submitted has a specification") }
    shape = spec
  }

  /// How many kinds of task are remembered.
  var kindCount: Int { templates.withLock { $0.count } }

  /// The task that the bytes at `range` describe.
  func submission(
    _ bytes: [UInt8],
    at range: Range<Int>,
    in namespace: String
  ) throws(Problem) -> Submission {
    let parts = try TaskSpecParts(bytes, range)
    let kind = Kind(namespace: namespace, spec: parts.rest)
    var submission = Submission(template: try template(kind))
    submission.param = try parts.param.map { range throws(Problem) in
      try TaskIntake.param(bytes[range])
    }
    submission.at = try parts.at.map { range throws(Problem) in
      try Field.time(String(decoding: bytes[range], as: UTF8.self), of: "at")
    }
    return submission
  }

  private func template(_ kind: Kind) throws(Problem) -> TaskTemplate {
    if let known = templates.withLock({ $0[kind] }) { return known }
    let members = try MessageReader.members(of: kind.spec, as: shape)
    let body = try Body(.object(members), TaskFields.submission)
    let template = try TaskTemplate(body, in: kind.namespace)
    guard kind.spec.count <= Self.longestKind else { return template }
    templates.withLock { templates in
      if templates.count >= Self.mostKinds { templates.removeAll(keepingCapacity: true) }
      templates[kind] = template
    }
    return template
  }

  private static func param(_ bytes: ArraySlice<UInt8>) throws(Problem) -> [UInt8] {
    guard bytes.count <= Field.largestPayload else {
      throw Problem(
        .invalidField,
        "param has at most \(Field.largestPayload) bytes, not \(bytes.count)",
        field: "param"
      )
    }
    return Array(bytes)
  }
}

/// A `TaskSpec` taken apart into what differs from task to task, and the rest.
private struct TaskSpecParts {
  private(set) var param: Range<Int>?
  private(set) var at: Range<Int>?
  private(set) var rest: [UInt8] = []

  init(_ bytes: [UInt8], _ range: Range<Int>) throws(Problem) {
    do throws(WireReader.Malformed) {
      var reader = WireReader(bytes, in: range)
      while let field = try reader.next() {
        switch (field.number, field.value) {
        case (2, .content(let content)): param = content
        case (3, .content(let content)): at = content
        default: rest += bytes[field.range]
        }
      }
    } catch {
      throw Problem(.malformedRequest, "TaskSpec is malformed")
    }
  }
}
