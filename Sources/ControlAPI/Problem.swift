/// What went wrong with a request, as RFC 9457 writes it down.
public struct Problem: Error, Codable, Sendable, Hashable {
  /// A URI that names the kind of problem.
  public var type: String
  /// The kind of problem in a few words; the same for the same `code`.
  public var title: String
  /// The HTTP status.
  public var status: Int
  /// What was wrong this time, for a person.
  public var detail: String
  /// A stable word for programs.
  public var code: Code
  /// The field, parameter or header to blame, such as `labels.env`.
  public var field: String?

  /// The words a program can act on.
  public enum Code: String, Codable, Sendable, Hashable, CaseIterable {
    case malformedRequest = "malformed-request"
    case malformedJSON = "malformed-json"
    case invalidField = "invalid-field"
    case missingField = "missing-field"
    case unknownField = "unknown-field"
    case invalidParameter = "invalid-parameter"
    case unknownParameter = "unknown-parameter"
    case invalidHeader = "invalid-header"
    case badCursor = "bad-cursor"
    case unauthorized = "unauthorized"
    case crossOrigin = "cross-origin"
    case notFound = "not-found"
    case methodNotAllowed = "method-not-allowed"
    case conflict = "conflict"
    case keyReused = "idempotency-key-reused"
    case stale = "precondition-failed"
    case tooLarge = "too-large"
    case unsupportedMediaType = "unsupported-media-type"
    case unavailable = "unavailable"
    case internalError = "internal-error"
  }

  /// The usual problem of a kind; `detail` names what was wrong and what was expected.
  public init(_ code: Code, _ detail: String, field: String? = nil) {
    self.init(status: code.status, code, detail, field: field)
  }

  /// The same with a status of its own, for what the HTTP library refuses.
  package init(status: Int, _ code: Code, _ detail: String, field: String? = nil) {
    type = "urn:tompion:problem:\(code.rawValue)"
    title = code.title
    self.status = status
    self.detail = detail
    self.code = code
    self.field = field
  }
}

extension Problem: CustomStringConvertible {
  public var description: String { detail }
}

extension Problem.Code {
  /// The HTTP status that goes with it.
  public var status: Int {
    switch self {
    case .malformedRequest, .malformedJSON, .invalidField, .missingField, .unknownField,
      .invalidParameter, .unknownParameter, .invalidHeader, .badCursor:
      400
    case .unauthorized: 401
    case .crossOrigin: 403
    case .notFound: 404
    case .methodNotAllowed: 405
    case .conflict, .keyReused: 409
    case .stale: 412
    case .tooLarge: 413
    case .unsupportedMediaType: 415
    case .internalError: 500
    case .unavailable: 503
    }
  }

  /// The kind of problem in a few words.
  public var title: String {
    switch self {
    case .malformedRequest: "The request is malformed"
    case .malformedJSON: "The body is not JSON"
    case .invalidField: "A field has a value that is not allowed"
    case .missingField: "A field is missing"
    case .unknownField: "A field is not known"
    case .invalidParameter: "A query parameter has a value that is not allowed"
    case .unknownParameter: "A query parameter is not known"
    case .invalidHeader: "A header has a value that is not allowed"
    case .badCursor: "The cursor was not made by this list"
    case .unauthorized: "A token is needed"
    case .crossOrigin: "The request comes from another site"
    case .notFound: "There is nothing of this name"
    case .methodNotAllowed: "The method is not offered here"
    case .conflict: "The state of things forbids it"
    case .keyReused: "The idempotency key was used for another request"
    case .stale: "It was changed in the meantime"
    case .tooLarge: "The request is too large"
    case .unsupportedMediaType: "The body has a type that is not read"
    case .unavailable: "The server cannot do it now"
    case .internalError: "The server failed"
    }
  }
}
