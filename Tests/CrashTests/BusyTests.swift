import Foundation
import Nightdrop
import NightdropModel
import Testing

/// Several processes at one head office.
@Suite struct BusyTests {
    @Test func recordingGoesOnBesideAMergeAndOneMergeIsEnough() throws {
        let ground = try Ground()
        let till = try TillJournal("T1", in: ground.path, at: ground.central)
        try till.record(
            (1...20_000).map { [OperationDraft(.update, "n", id: "\($0 % 100)", add: [Field("n", .integer(1))])] }
        )
        try till.record(
            (0..<100).map { [OperationDraft(.create, "n", id: "\($0)", add: [Field("n", .integer(1))])] })
        _ = try till.close("2026-11-21", into: ground.path + "/share/to/HQ")
        // The merge waits at its lock for nobody, so the second one gives way or comes after.
        let out = try ground.output(
            """
            nightdrop merge -C HQ share > first & a=$!
            nightdrop merge -C HQ share > second 2> words && b=0 || b=$?
            for i in 1 2 3 4 5; do
                nightdrop record -C HQ - <<< '{"entity":"product","id":"P'$i'","action":"create","set":{"price":1}}'
            done
            wait $a && a=0 || a=$?
            echo "ends $a $b"
            """)
        #expect(["ends 0 75", "ends 75 0", "ends 0 0"].contains { out.contains($0) }, "\(out)")
        try ground.output("nightdrop merge -C HQ share")
        #expect(
            try ground.output("sqlite3 HQ/store.sqlite 'SELECT count(*), max(csn) FROM _change'") == "20105|20105\n")
        #expect(try ground.output("sqlite3 HQ/store.sqlite \"SELECT count(*) FROM product\"") == "5\n")
        try ground.checkArchive(of: "HQ", tills: ["T1"])
    }
}
