import Foundation
import Nightdrop
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
        let full = try ground.run("nightdrop record -C disk/T9 sales.jsonl")
        #expect(full.status == 74)
        for command in ["status", "export"] {
            let run = try ground.run("nightdrop \(command) -C disk/T9")
            #expect(!(run.out + run.err).contains("SQLite error"), "\(run.err)")
        }
        #expect(try ground.run("nightdrop verify -C disk/T9").status == 0)
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
