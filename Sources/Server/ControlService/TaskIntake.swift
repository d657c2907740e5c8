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

  private struct Known {
    var drafts: [Kind: TemplateDraft] = [:]
    /// The kind that was asked for last; neighbours are mostly alike.
    var latest: (kind: Kind, draft: TemplateDraft)?

    mutating func find(_ kind: Kind) -> TemplateDraft? {
      guard let draft = drafts[kind] else { return nil }
      latest = (kind, draft)
      return draft
    }
  }

  private let known = Mutex(Known())
  private let shape: MessageShape

  init() {
    guard
      case .message(let spec)? = ServiceShape.control.method("SubmitTask")?.request.field(2)?.kind
    else { preconditionFailure("a task that is submitted has a specification") }
    shape = spec
  }

  /// How many kinds of task are remembered.
  var kindCount: Int { known.withLock { $0.drafts.count } }

  /// The task that the bytes at `range` describe.
  func submission(
    _ bytes: [UInt8],
    at range: Range<Int>,
    in namespace: String
  ) throws(Problem) -> Submission {
    let parts = try TaskSpecParts(bytes, range)
    var submission = Submission(try draft(parts, of: bytes, in: namespace))
    submission.param = try parts.param.map { range throws(Problem) in
      try TaskIntake.param(bytes[range])
    }
    submission.at = try parts.at.map { range throws(Problem) in
      try Field.time(String(decoding: bytes[range], as: UTF8.self), of: "at")
    }
    return submission
  }

  private func draft(
    _ parts: TaskSpecParts,
    of bytes: [UInt8],
    in namespace: String
  ) throws(Problem) -> TemplateDraft {
    let latest = known.withLock(\.latest)
    if let latest, latest.kind.namespace == namespace, parts.rest(of: bytes, is: latest.kind.spec) {
      return latest.draft
    }
    let kind = Kind(namespace: namespace, spec: parts.rest(of: bytes))
    if let draft = known.withLock({ $0.find(kind) }) { return draft }
    return try make(kind)
  }

  private func make(_ kind: Kind) throws(Problem) -> TemplateDraft {
    let members = try MessageReader.members(of: kind.spec, as: shape)
    let body = try Body(.object(members), TaskFields.submission)
    let draft = TemplateDraft(try TaskTemplate(body, in: kind.namespace))
    guard kind.spec.count <= Self.longestKind else { return draft }
    known.withLock { known in
      if known.drafts.count >= Self.mostKinds { known.drafts.removeAll(keepingCapacity: true) }
      known.drafts[kind] = draft
      known.latest = (kind, draft)
    }
    return draft
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
  /// The rest is these stretches in their order; neighbours are joined.
  private var first = 0..<0
  private var others: [Range<Int>] = []

  init(_ bytes: [UInt8], _ range: Range<Int>) throws(Problem) {
    do throws(WireReader.Malformed) {
      var reader = WireReader(bytes, in: range)
      while let field = try reader.next() {
        switch (field.number, field.value) {
        case (2, .content(let content)): param = content
        case (3, .content(let content)): at = content
        default: add(field.range)
        }
      }
    } catch {
      throw Problem(.malformedRequest, "TaskSpec is malformed")
    }
  }

  private mutating func add(_ stretch: Range<Int>) {
    if first.isEmpty {
      first = stretch
    } else if others.isEmpty, first.upperBound == stretch.lowerBound {
      first = first.lowerBound..<stretch.upperBound
    } else {
      others.append(stretch)
    }
  }

  func rest(of bytes: [UInt8]) -> [UInt8] {
    others.reduce(into: Array(bytes[first])) { $0 += bytes[$1] }
  }

  func rest(of bytes: [UInt8], is other: [UInt8]) -> Bool {
    guard others.isEmpty else { return rest(of: bytes) == other }
    return first.count == other.count && bytes[first].elementsEqual(other)
  }
}
