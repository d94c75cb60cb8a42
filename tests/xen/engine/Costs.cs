using Toolstack.Interop.Xen.Guests;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Tests.Xen.Engine;

/// <summary>What the phases of our copies cost for each frame, over all rounds.</summary>
internal sealed class Costs
{
    private const int FrameBytes = StreamLimits.PageSize;
    private readonly Dictionary<string, (long Frames, double Milliseconds)> sums = [];
    private readonly List<string> order = [];

    /// <summary>The counters of this process: frames and milliseconds of type query, map, unmap and populate.</summary>
    public static (long Frames, double Milliseconds)[] Now() =>
    [
        .. new[] { FrameCosts.TypeQuery, FrameCosts.Map, FrameCosts.Unmap, FrameCosts.Populate }.Select(static cost => (cost.Frames, cost.Time.TotalMilliseconds)),
    ];

    /// <summary>A copy that took that long and moved that many bytes, with the counters from before it. What is not one of Xen's phases is copying.</summary>
    public void Add(string copy, (long Frames, double Milliseconds)[] before, double milliseconds, long bytes)
    {
        // Unmapping goes on behind the copy: it is waited for, so that it is counted with the copy it belongs to.
        for (var last = -1L; last != FrameCosts.Unmap.Frames;)
        {
            last = FrameCosts.Unmap.Frames;
            Thread.Sleep(500);
        }

        string[] names = ["type query", "map", "unmap", "populate"];
        var after = Now();
        for (var i = 0; i < names.Length; i++)
        {
            Add($"{copy}: {names[i]}", after[i].Frames - before[i].Frames, after[i].Milliseconds - before[i].Milliseconds);
        }

        Add($"{copy}: whole copy, stream's pages", bytes / FrameBytes, milliseconds);
    }

    public void Print()
    {
        Console.WriteLine("cost of our phases, for each page");
        foreach (var name in order)
        {
            var (frames, milliseconds) = sums[name];
            if (frames > 0)
            {
                Console.WriteLine($"  {name,-38} {frames,9} pages {milliseconds,9:0.0} ms {milliseconds * 1000 / frames,8:0.00} us each");
            }
        }
    }

    private void Add(string name, long frames, double milliseconds)
    {
        if (sums.TryAdd(name, (frames, milliseconds)))
        {
            order.Add(name);
        }
        else
        {
            sums[name] = (sums[name].Frames + frames, sums[name].Milliseconds + milliseconds);
        }
    }
}
