/// Finds, in descriptor sets, the file that declares a name.
struct DescriptorIndex: Sendable {
  private struct File {
    let bytes: ArraySlice<UInt8>
    var dependencies: [String] = []
  }

  private struct Extension: Hashable {
    let type: String
    let number: UInt64
  }

  private var files: [String: File] = [:]
  private var fileOfSymbol: [String: String] = [:]
  private var fileOfExtension: [Extension: String] = [:]
  /// The full names of all services, in the order of their files.
  private(set) var services: [String] = []

  /// Adds a serialized `google.protobuf.FileDescriptorSet`. Files already known stay as they are.
  mutating func add(_ set: [UInt8]) throws(WireReader.Malformed) {
    for (field, value) in try WireReader.fields(of: set[...]) where field == 1 {
      guard case .bytes(let bytes) = value else { throw WireReader.Malformed() }
      try add(file: bytes)
    }
  }

  /// The named file and all that it depends on, itself first. `nil` when it is not known.
  func files(withName name: String) -> [ArraySlice<UInt8>]? {
    guard files[name] != nil else { return nil }
    var found: [ArraySlice<UInt8>] = []
    var seen: Set<String> = [name]
    var pending = [name]
    while let next = pending.popLast() {
      guard let file = files[next] else { continue }
      found.append(file.bytes)
      for dependency in file.dependencies where seen.insert(dependency).inserted {
        pending.append(dependency)
      }
    }
    return found
  }

  func files(declaring symbol: String) -> [ArraySlice<UInt8>]? {
    fileOfSymbol[symbol].flatMap(files(withName:))
  }

  func files(extending type: String, number: UInt64) -> [ArraySlice<UInt8>]? {
    fileOfExtension[Extension(type: type, number: number)].flatMap(files(withName:))
  }

  /// The numbers of the extensions of `type`, in order; `nil` when the type is not known.
  func extensionNumbers(of type: String) -> [UInt64]? {
    let numbers = fileOfExtension.keys.filter { $0.type == type }.map(\.number).sorted()
    return numbers.isEmpty && fileOfSymbol[type] == nil ? nil : numbers
  }

  // MARK: google/protobuf/descriptor.proto, by its field numbers

  private mutating func add(file bytes: ArraySlice<UInt8>) throws(WireReader.Malformed) {
    let fields = try WireReader.fields(of: bytes)
    guard let name = fields.text(1), files[name] == nil else { return }
    let package = fields.text(2) ?? ""
    files[name] = File(bytes: bytes, dependencies: fields.texts(3))
    for message in fields.messages(4) { try add(message: message, in: package, name) }
    for kind in fields.messages(5) { try add(enumeration: kind, in: package, name) }
    for service in fields.messages(6) { try add(service: service, in: package, name) }
    for field in fields.messages(7) { try add(field: field, in: package, name) }
  }

  private mutating func add(
    message: ArraySlice<UInt8>,
    in scope: String,
    _ file: String
  ) throws(WireReader.Malformed) {
    let fields = try WireReader.fields(of: message)
    let name = declare(fields, in: scope, file)
    for field in fields.messages(2) { try add(field: field, in: name, file) }
    for nested in fields.messages(3) { try add(message: nested, in: name, file) }
    for kind in fields.messages(4) { try add(enumeration: kind, in: name, file) }
    for field in fields.messages(6) { try add(field: field, in: name, file) }
    for choice in fields.messages(8) { declare(try WireReader.fields(of: choice), in: name, file) }
  }

  /// The values of an enumeration are its siblings, not its children.
  private mutating func add(
    enumeration: ArraySlice<UInt8>,
    in scope: String,
    _ file: String
  ) throws(WireReader.Malformed) {
    let fields = try WireReader.fields(of: enumeration)
    declare(fields, in: scope, file)
    for value in fields.messages(2) { declare(try WireReader.fields(of: value), in: scope, file) }
  }

  private mutating func add(
    service: ArraySlice<UInt8>,
    in scope: String,
    _ file: String
  ) throws(WireReader.Malformed) {
    let fields = try WireReader.fields(of: service)
    let name = declare(fields, in: scope, file)
    services.append(name)
    for method in fields.messages(2) { declare(try WireReader.fields(of: method), in: name, file) }
  }

  private mutating func add(
    field: ArraySlice<UInt8>,
    in scope: String,
    _ file: String
  ) throws(WireReader.Malformed) {
    let fields = try WireReader.fields(of: field)
    declare(fields, in: scope, file)
    guard let extended = fields.text(2), let number = fields.number(3) else { return }
    let type = String(extended.drop { $0 == "." })
    fileOfExtension[Extension(type: type, number: number)] = file
  }

  /// Notes that `file` declares what has its name in field 1, and returns the full name.
  @discardableResult
  private mutating func declare(
    _ fields: [(field: Int, value: WireReader.Value)],
    in scope: String,
    _ file: String
  ) -> String {
    let name = fields.text(1) ?? ""
    let full = scope.isEmpty ? name : "\(scope).\(name)"
    fileOfSymbol[full] = file
    return full
  }
}

extension [(field: Int, value: WireReader.Value)] {
  /// The last value of `number`, which is the one that counts.
  func last(_ number: Int) -> WireReader.Value? {
    last { $0.field == number }?.value
  }

  func text(_ number: Int) -> String? {
    last(number)?.text
  }

  func number(_ number: Int) -> UInt64? {
    guard case .number(let value) = last(number) else { return nil }
    return value
  }

  func texts(_ number: Int) -> [String] {
    compactMap { $0.field == number ? $0.value.text : nil }
  }

  func messages(_ number: Int) -> [ArraySlice<UInt8>] {
    compactMap { field, value in
      guard field == number, case .bytes(let bytes) = value else { return nil }
      return bytes
    }
  }
}
