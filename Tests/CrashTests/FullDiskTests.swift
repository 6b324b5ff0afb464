import Foundation
import Nightdrop
import NightdropFormats
import NightdropModel
import Testing

/// A node on a disk that runs full. Needs to be allowed to mount a small file system; skipped otherwise.
@Suite(.serialized) struct FullDiskTests {
    private static let canMount: Bool = {
        guard getuid() == 0 else { return false }
        let script = "d=$(mktemp -d) && mount -t tmpfs -o size=1m tmpfs $d && umount $d && rmdir $d"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", script]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    /// What was acknowledged is there, and the rest is said in plain words.
    @Test(.enabled(if: canMount)) func aTillOnAFullDiskSaysSo() throws {
        let ground = try Ground()
        try ground.output("mkdir disk; mount -t tmpfs -o size=700k tmpfs disk")
        defer { _ = try? ground.run("umount -l disk") }
        try ground.output(
            """
            nightdrop init terminal -C disk/T9 --id T9 --store S1
            for i in $(seq 1 300); do
                printf '{"entity":"sale","id":"%s","action":"create","set":{"note":"%s"}}\\n' $i $(head -c 1500 /dev/urandom | base64 -w0)
            done > sales.jsonl
            """)
        // One by one, so that hardly any room is left.
        let full = try ground.run("nightdrop record -C disk/T9 --each sales.jsonl")
        #expect(full.status == 74)
        let status = try JSONValue.parse(ground.output("nightdrop status -C disk/T9 --json"))
        let recorded = try ground.output("nightdrop verify disk/T9 | grep -o '[0-9]* operations in' | grep -o '[0-9]*'")
        let count = try #require(Int64(recorded.filter(\.isNumber)))
        #expect(count > 0 && status["totals"]?["pending"]?.integer == count)
        #expect(status["state"] == "failed")
        #expect(status["error"]?.text?.contains("the disk is full; make room on it") == true, "\(status)")
        #expect(try ground.output("nightdrop status -C disk/T9").contains("the disk is full"))
        for command in ["record sales.jsonl", "export", "close --to share", "get sale 1"] {
            let run = try ground.run("nightdrop \(command) -C disk/T9")
            #expect(run.status == 74)
            #expect(run.err.contains("make room"), "\(run.err)")
            #expect(!(run.out + run.err).contains("SQLite error"), "\(run.err)")
        }
        #expect(try ground.run("nightdrop verify -C disk/T9").status == 0)
    }

    /// Without room for the index that the store needs while it is open, the status is the one that was written last.
    @Test(.enabled(if: canMount), arguments: [true, false]) func aStoreThatCannotBeOpened(hasStatus: Bool) throws {
        let ground = try Ground()
        try ground.output("mkdir disk; mount -t tmpfs -o size=2m tmpfs disk")
        defer { _ = try? ground.run("umount -l disk") }
        let sale = #"echo '{"entity":"sale","id":"1","action":"create","set":{"total":1}}' > sale.json"#
        try ground.output(
            "\(sale); nightdrop init terminal -C disk/T9 --id T9 --store S1; nightdrop record -C disk/T9 sale.json")
        // What ends in its own time leaves no index behind.
        try ground.output("nightdrop status -C disk/T9")
        if !hasStatus { try ground.output("rm disk/T9/status.json") }
        try ground.output("dd if=/dev/zero of=disk/filler bs=1k status=none || true")
        let status = try JSONValue.parse(ground.output("nightdrop status -C disk/T9 --json"))
        #expect(status["totals"]?["pending"]?.integer == (hasStatus ? 1 : 0))
        #expect(status["summary"]?.text == (hasStatus ? "1 to send" : "what is to send cannot be counted now"))
        #expect(status["error"]?.text?.contains("the disk is full; make room on it") == true, "\(status)")
        #expect(try ground.run("nightdrop record -C disk/T9 sale.json").err.contains("make room"))
        try ground.output("rm disk/filler")
        let after = try JSONValue.parse(ground.output("nightdrop status -C disk/T9 --json"))
        #expect(after["totals"]?["pending"]?.integer == 1)
        #expect(after["error"]?.text?.contains("full") == false)
    }

    /// Whatever little room is left: nothing is half done, and with more room the same merge succeeds.
    @Test(.enabled(if: canMount), arguments: [0, 40, 200, 600])
    func aMergeOnAFullDiskIsDoneLater(kilobytes: Int) throws {
        let ground = try Ground()
        let till = try TillJournal("T1", in: ground.path, at: ground.central)
        try till.record(
            (1...3000).map { index in
                [
                    OperationDraft(
                        .create, "sale", id: "T1-\(index)", set: [Field("total", FieldValue(checkedJSON: "\(index)"))])
                ]
            })
        _ = try till.close("2026-11-21", into: ground.path + "/share/to/HQ")
        try ground.output(
            "cp -a HQ calm; nightdrop merge -C calm share; mkdir disk; mount -t tmpfs -o size=24m tmpfs disk")
        defer { _ = try? ground.run("umount -l disk") }
        try ground.output("cp -a HQ disk/HQ")
        try ground.output(
            """
            free=$(df --output=avail -k disk | tail -1)
            dd if=/dev/zero of=disk/filler bs=1k count=$((free - \(kilobytes))) status=none
            """)
        let full = try ground.run("nightdrop merge -C disk/HQ share")
        #expect(full.status == 74, "\(full.out)\(full.err)")
        let words = full.out + full.err
        #expect(words.contains("disk/HQ/"), "\(words)")
        #expect(words.contains("full") || words.contains("No space"), "\(words)")
        #expect(!words.contains("SQLite error"), "\(words)")
        try ground.output("rm disk/filler")
        let again = try ground.run("nightdrop merge -C disk/HQ share")
        #expect(again.status == 0, "\(again.err)")
        #expect(try ground.image(of: "disk/HQ") == ground.image(of: "calm"))
        try ground.checkArchive(of: "disk/HQ", tills: ["T1"])
    }
}
