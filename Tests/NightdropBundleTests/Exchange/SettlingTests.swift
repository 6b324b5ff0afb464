import NightdropBundle
import NightdropFiles
import Testing

/// A file that is still on its way is told from one that is broken, by looking twice.
@Suite struct SettlingTests {
    private let looks = FileLooks()
    private let settling: Int64 = 10_000

    private func judge(
        _ status: FileStatus?, before: FileStatus? = nil, at now: Int64, _ code: BundleError.Code = .damaged,
        path: String = "/stick/a"
    ) -> BundleError.Code {
        looks.judge(
            BundleError(code, file: path, "r"), path: path, before: before ?? status, status: status, now: now,
            settlingMilliseconds: settling
        ).code
    }

    private func file(_ size: Int64, changed: Int64) -> FileStatus {
        FileStatus(isDirectory: false, size: size, modified: changed)
    }

    @Test func anOldFileThatDoesNotChangeIsBrokenAtOnce() {
        #expect(judge(file(10, changed: 0), at: 50_000) == .damaged)
        #expect(judge(file(0, changed: 0), at: 50_000, .incomplete) == .damaged)
        #expect(judge(file(10, changed: 49_000), at: 50_000) == .incomplete)
        #expect(judge(file(0, changed: 49_000), at: 50_000, .incomplete) == .incomplete)
    }

    /// A medium that keeps local time, or a tool that sets the time beforehand, makes a new file look old.
    @Test func whatGrowsIsOnItsWayWhateverItsTimeSays() {
        #expect(judge(file(10, changed: 0), before: file(5, changed: 0), at: 50_000) == .incomplete)
        #expect(judge(file(20, changed: 0), at: 51_000) == .incomplete)
        #expect(judge(file(20, changed: 1), at: 52_000) == .incomplete)
        #expect(judge(file(20, changed: 1), at: 53_000) == .damaged)
    }

    /// A time that stays near now, as from a machine whose clock runs ahead a little, must not hold up the verdict.
    @Test func whatDoesNotChangeBetweenTwoLooksIsBroken() {
        let young = file(10, changed: 59_000)
        #expect(judge(young, at: 50_000) == .incomplete)
        #expect(judge(young, at: 55_000) == .incomplete)
        #expect(judge(young, at: 59_999) == .incomplete)
        #expect(judge(young, at: 60_000) == .damaged)
    }

    @Test func filesAreJudgedByThemselves() {
        #expect(judge(file(10, changed: 49_000), at: 50_000) == .incomplete)
        #expect(judge(file(10, changed: 49_000), at: 60_500, path: "/stick/b") == .damaged)
        #expect(judge(nil, at: 61_000) == .incomplete)
        #expect(judge(file(10, changed: 0), at: 62_000, .unknownKey) == .unknownKey)
    }
}
