using Toolstack.Hosting.Switch;

namespace Toolstack.MessageSwitch;

/// <summary>This part: consumers that get every message. Each has a line of its own with a copy of what comes; those who compete share the queue's
/// line as if there were no others. A message leaves the queue when its turn in the queue's line is over and every copy is; where nobody
/// competes, the copies are all there is, and if none of their consumers lives to acknowledge, it goes back to the queue's line.</summary>
internal sealed partial class Broker
{
    /// <summary>Gives a message that has just come to every broadcast consumer.</summary>
    private void Copy(BrokerMessage message)
    {
        var queue = message.Queue;
        if (queue.Broadcasts.Count == 0 || message.Served || message.Copies > 0)
        {
            return;
        }

        foreach (var subscription in queue.Broadcasts)
        {
            if (subscription.Open)
            {
                message.Copies++;
                subscription.Line.AddLast(message);
            }
        }

        if (message.Copies == 0)
        {
            return;
        }

        if (queue.Competitors == 0)
        {
            LeaveToCopies(message);
        }

        foreach (var subscription in queue.Broadcasts.ToList())
        {
            PumpCopies(subscription);
        }
    }

    /// <summary>Consumers came or went: what waits goes to those who get everything, and if nobody competes only to them.</summary>
    private void CopyWaiting(BrokerQueue queue)
    {
        if (queue.Broadcasts.Count == 0)
        {
            return;
        }

        foreach (var message in queue.Waiting.ToList())
        {
            if (message.Node.List != queue.Waiting)
            {
                // Gone meanwhile: giving one to its consumers can end the waiting of others.
                continue;
            }

            if (!message.Served && message.Copies == 0)
            {
                Copy(message);
            }
            else if (queue.Competitors == 0)
            {
                LeaveToCopies(message);
            }
        }
    }

    // It stays in the heap until it is delivered: its caller is told if its time is over before that.
    private void LeaveToCopies(BrokerMessage message)
    {
        Leave(message);
        if (message is BrokerRequest request && !message.Served)
        {
            due.Set(request, request.Deadline);
        }

        EndTurn(message);
    }

    private void Pump(Subscription subscription)
    {
        if (subscription.Broadcast)
        {
            PumpCopies(subscription);
        }
        else
        {
            Pump(subscription.Queue);
        }
    }

    private void PumpCopies(Subscription subscription)
    {
        while (subscription.Ready && subscription.Line.First is { Value: var message })
        {
            subscription.Line.RemoveFirst();
            if (message is BrokerRequest { Abandoned: true } || (message is BrokerRequest request && request.Deadline <= clock()))
            {
                EndCopy(message, served: false);
                continue;
            }

            if (!message.InTurn)
            {
                due.Remove(message);
            }

            Deliver(subscription, message);
        }
    }

    /// <summary>A consumer is done with it.</summary>
    private void Done(Subscription subscription, BrokerMessage message)
    {
        if (subscription.Broadcast)
        {
            EndCopy(message, served: true);
        }
        else
        {
            message.Served = true;
            EndTurn(message);
        }
    }

    /// <summary>A consumer that had it is gone or gave it back.</summary>
    private void GiveUp(Subscription subscription, BrokerMessage message)
    {
        if (subscription.Broadcast)
        {
            EndCopy(message, served: false);
        }
        else
        {
            PutBack(message);
        }
    }

    /// <summary>Its way through the queue's line is over.</summary>
    private void EndTurn(BrokerMessage message)
    {
        message.InTurn = false;
        if (message.Copies == 0)
        {
            Drop(message);
        }
    }

    private void EndCopy(BrokerMessage message, bool served)
    {
        message.Copies--;
        message.Served |= served;
        if (message.Copies > 0 || message.InTurn)
        {
            return;
        }

        due.Remove(message);
        if (message.Served)
        {
            Drop(message);
        }
        else
        {
            message.InTurn = true;
            PutBack(message);
            Pump(message.Queue);
        }
    }

    /// <summary>Takes a message out of the lines of those that it was not delivered to yet.</summary>
    private static void Uncopy(BrokerMessage message)
    {
        if (message.Copies == 0)
        {
            return;
        }

        foreach (var subscription in message.Queue.Broadcasts)
        {
            if (subscription.Line.Remove(message))
            {
                message.Copies--;
            }
        }
    }

    /// <summary>The queue is being destroyed: what no broadcast consumer was given goes back in line, where its caller is told.</summary>
    private void EndCopies(BrokerQueue queue)
    {
        foreach (var message in queue.Broadcasts.SelectMany(static subscription => subscription.Line).Distinct().ToList())
        {
            Uncopy(message);
            if (message.Copies > 0 || message.InTurn)
            {
                continue;
            }

            if (message.Served)
            {
                Forget(message);
            }
            else
            {
                message.InTurn = true;
                PutBack(message);
            }
        }
    }
}
