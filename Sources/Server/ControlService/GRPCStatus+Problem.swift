import ControlAPI
import PlatformGRPC
import Wire

extension GRPCStatus {
  /// The problem as a client of `method` gets to know it.
  init(_ problem: Problem, in method: String) {
    var info = ErrorInfo(reason: problem.code.rawValue, domain: "tompion")
    info.metadata["field"] = problem.field?.asSchemaField
    self.init(
      problem.code.status(in: method),
      problem.detail,
      attaching: [Detail(typeURL: ErrorInfo.typeURL, value: info.encoded())]
    )
  }
}

extension Problem.Code {
  fileprivate func status(in method: String) -> GRPCStatus.Code {
    switch self {
    case .malformedRequest, .malformedJSON, .invalidField, .missingField, .unknownField,
      .invalidParameter, .unknownParameter, .invalidHeader, .badCursor, .unsupportedMediaType:
      .invalidArgument
    case .unauthorized: .unauthenticated
    case .crossOrigin: .permissionDenied
    case .notFound: .notFound
    case .methodNotAllowed: .unimplemented
    case .conflict: method.hasPrefix("Create") ? .alreadyExists : .failedPrecondition
    case .keyReused: .alreadyExists
    case .stale: .failedPrecondition
    case .tooLarge: .resourceExhausted
    case .unavailable: .unavailable
    case .internalError: .internal
    }
  }
}

extension String {
  /// The field as the schema calls it, where REST may have it in a header.
  var asSchemaField: String {
    switch self {
    case "If-Match": return "revision"
    case "Idempotency-Key": return "idempotency_key"
    case "Authorization": return "authorization"
    default:
      // What follows a point is a key, which clients choose.
      let name = prefix { $0 != "." }
      return String(name).snakeCased + dropFirst(name.count)
    }
  }
}
