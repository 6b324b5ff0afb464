import Foundation
import Testing

/// `exchange`, killed at any moment on either side: what lies on the stick is whole, and the next visit goes on.
@Suite(.serialized) struct ExchangeCrashTests {
    @Test func visitsThatAreKilledLeaveNothingHalf() throws {
        let seed = crashSeed("exchange")
        let ground = try Ground()
        try ground.output(
            """
            nightdrop init terminal -C T1 --id T1 --store S1 --request T1.request; mkdir stick
            nightdrop enroll -C HQ T1.request --yes --to stick; nightdrop exchange -C T1 stick
            """)
        for day in 1...2 {
            let lines = (1...1500).map {
                #"{"entity":"sale","id":"T1-\#(day)-\#($0)","action":"create","set":{"total":\#($0)}}"#
            }
            try lines.joined(separator: "\n").write(
                toFile: ground.path + "/sales", atomically: true, encoding: .utf8)
            try ground.output("nightdrop record -C T1 sales; nightdrop close -C T1 --day 2026-11-0\(day)")
            try ground.output("sed s/sale/product/ sales | nightdrop record -C HQ")
            for node in ["T1", "HQ", "T1"] {
                let kills = try ground.untilItEnds(
                    "nightdrop exchange -C \(node) stick", seconds: 0.6, times: 4, seed: seed &+ UInt64(day)
                ) {
                    try ground.output(
                        "for file in stick/to/*/*.nightdrop.tar; do [ ! -e $file ] || tar tf $file > list; done")
                }
                print("day \(day), \(node): killed \(kills) times")
            }
            #expect(try ground.output("find stick -name '*.partial'") == "")
        }
        let pending = try ground.output("nightdrop status -C T1 --json")
        #expect(pending.contains(#""totals":{"pending":0,"#), "\(pending)")
        #expect(
            try ground.output("sqlite3 -readonly HQ/store.sqlite \"SELECT count(*) FROM sale WHERE id LIKE 'T1-%'\"")
                == "3000\n")
        #expect(
            try ground.output("sqlite3 -readonly T1/store.sqlite 'SELECT count(*) FROM product'") == "3000\n")
        try ground.checkArchive(of: "HQ", tills: ["T1"])
    }
}
