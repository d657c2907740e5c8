import ControlAPI
import Engine
import PlatformGRPC
import Store
import Wire

/// The two methods that submit tasks. They are called far more often than the others, so the store
/// answers them without a task of their own in between.
struct Submitting: Sendable {
  private let store: any Store
  private let intake: TaskIntake

  init(_ controller: Controller) {
    store = controller.store
    intake = TaskIntake()
  }

  /// Submits one task.
  func submitTask(_ call: GRPCCall) {
    let method = "SubmitTask"
    let namespace: String
    let submission: Submission
    do throws(Problem) {
      let request = try SubmitRequest(unsafe call.withRequest { unsafe Array($0) }, of: method)
      guard request.tasks.count == 1 else {
        let isMissing = request.tasks.isEmpty
        throw Problem(
          isMissing ? .missingField : .invalidField,
          isMissing ? "task is missing" : "task is given twice",
          field: "task"
        )
      }
      namespace = request.namespace
      var asked = try intake.submission(request.bytes, at: request.tasks[0], in: namespace)
      asked.idempotency = request.idempotency
      submission = asked
    } catch {
      return call.fail(GRPCStatus(error, in: method))
    }
    store.submit([submission]) { result in
      Self.respond(to: call, method) { () throws(Problem) in
        let answer = try Self.answers(result).first
        guard let answer else { throw Problem(.internalError, "the store gave no answer") }
        return try Self.message(answer, in: namespace)
      }
    }
  }

  /// Leaves the writing of the answer to the thread that sends it: the store's writer goes on.
  private static func respond(
    to call: GRPCCall,
    _ method: String,
    _ message: @escaping @Sendable () throws(Problem) -> [UInt8]
  ) {
    call.respond { () throws(GRPCStatus) in
      do throws(Problem) {
        return try message()
      } catch {
        throw GRPCStatus(error, in: method)
      }
    }
  }

  private static func answers(
    _ result: Result<[SubmissionAnswer], StoreError>
  ) throws(Problem) -> [SubmissionAnswer] {
    switch result {
    case .success(let answers): return answers
    case .failure(let error): throw Problem(error)
    }
  }

  private static func message(
    _ answer: SubmissionAnswer,
    in namespace: String
  ) throws(Problem) -> [UInt8] {
    var writer = WireWriter(capacity: 40)
    switch answer {
    case .created(let id): writer.identifierText(1, id.uuid)
    case .repeated(let id):
      writer.identifierText(1, id.uuid)
      writer.flag(2, true)
    case .refused(let code): throw Problem(code, in: namespace)
    }
    return writer.bytes
  }
}

// Many at once.
extension Submitting {
  /// Submits each task by itself: one that is refused does not hold up the others.
  func submitTasks(_ call: GRPCCall) {
    let method = "SubmitTasks"
    let request: SubmitRequest
    do throws(Problem) {
      request = try SubmitRequest(unsafe call.withRequest { unsafe Array($0) }, of: method)
    } catch {
      return call.fail(GRPCStatus(error, in: method))
    }
    let (submissions, refusals) = sort(request)
    let (namespace, count) = (request.namespace, request.tasks.count)
    store.submit(submissions) { result in
      Self.respond(to: call, method) { () throws(Problem) in
        try Self.message(try Self.answers(result), refusals, count: count, in: namespace)
      }
    }
  }

  /// What goes to the store, and why the others do not, by their places.
  private func sort(_ request: SubmitRequest) -> ([Submission], [Int: Problem]) {
    var submissions: [Submission] = []
    submissions.reserveCapacity(request.tasks.count)
    var refusals: [Int: Problem] = [:]
    for (place, range) in request.tasks.enumerated() {
      do throws(Problem) {
        submissions.append(
          try intake.submission(request.bytes, at: range, in: request.namespace)
        )
      } catch {
        refusals[place] = error
      }
    }
    return (submissions, refusals)
  }

  private static func message(
    _ answers: [SubmissionAnswer],
    _ refusals: [Int: Problem],
    count: Int,
    in namespace: String
  ) throws(Problem) -> [UInt8] {
    var writer = WireWriter(capacity: 40 * count)
    var rest = answers.makeIterator()
    for place in 0..<count {
      if let problem = refusals[place] {
        writer.message(1) { $0.refusal(problem) }
        continue
      }
      switch rest.next() {
      case .created(let id)?, .repeated(let id)?:
        writer.message(1) { $0.identifierText(1, id.uuid) }
      // All tasks have one namespace: the whole request is in vain without it.
      case .refused(.notFound)?: throw Problem(.notFound, in: namespace)
      case .refused(let code)?: writer.message(1) { $0.refusal(Problem(code, in: namespace)) }
      case nil: throw Problem(.internalError, "the store left out an answer")
      }
    }
    return writer.bytes
  }
}

extension WireWriter {
  fileprivate mutating func refusal(_ problem: Problem) {
    text(2, problem.detail)
    text(3, problem.code.rawValue)
    text(4, ifPresent: problem.field?.asSchemaField)
  }
}
