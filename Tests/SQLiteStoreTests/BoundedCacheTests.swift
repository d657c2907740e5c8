import Testing

@testable import SQLiteStore

@Suite struct BoundedCacheTests {
  @Test func `the oldest makes room, and is given back`() {
    var cache = BoundedCache<Int, String>(capacity: 2)
    #expect(cache.keep("one", for: 1) == nil)
    #expect(cache.keep("two", for: 2) == nil)
    #expect(cache.keep("three", for: 3) == "one")
    #expect(cache[1] == nil && cache[2] == "two" && cache[3] == "three")
    #expect(cache.keep("four", for: 4) == "two")
  }

  @Test func `a value is replaced where it is`() {
    var cache = BoundedCache<Int, String>(capacity: 2)
    cache.keep("one", for: 1)
    cache.keep("two", for: 2)
    #expect(cache.keep("ONE", for: 1) == nil)
    #expect(cache[1] == "ONE" && cache[2] == "two")
  }

  @Test func `what was removed and kept again has its place once`() {
    var cache = BoundedCache<Int, Int>(capacity: 3)
    for round in 0..<100 {
      cache.keep(round, for: round % 4)
      cache.remove((round + 1) % 4)
      cache.keep(round, for: (round + 1) % 4)
      #expect((0..<4).count { cache[$0] != nil } <= 3)
      #expect(cache[(round + 1) % 4] == round)
    }
  }
}
