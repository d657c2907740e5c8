/// One value at a fixed address, for C code that writes to it later.
@safe struct Cell<Value>: ~Copyable {
  let address: UnsafeMutablePointer<Value>

  init(_ value: Value) {
    unsafe address = .allocate(capacity: 1)
    unsafe address.initialize(to: value)
  }

  deinit {
    unsafe address.deinitialize(count: 1)
    unsafe address.deallocate()
  }

  var value: Value {
    get { unsafe address.pointee }
    nonmutating set { unsafe address.pointee = newValue }
  }
}
